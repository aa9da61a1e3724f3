// Modules, privacy and function bodies make no difference.
#![forbid(unsafe_code)]
#![deny(warnings)]

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionFactory, connection_type};

/// As in a library.
pub mod library {
    use super::*;

    /// Seen from outside.
    #[connection_type("public")]
    pub struct Public;

    impl Connection for Public {
        type Client = ();

        async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
            Ok(())
        }
    }

    #[connection_type("restricted")]
    pub(crate) struct Restricted {}

    impl Connection for Restricted {
        type Client = ();

        async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
            Ok(())
        }
    }

    mod inner {
        use super::*;

        #[connection_type("private")]
        struct Private;

        impl Connection for Private {
            type Client = ();

            async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
                Ok(())
            }
        }
    }
}

fn declare_in_a_body() {
    #[connection_type("local")]
    struct Local;

    impl Connection for Local {
        type Client = ();

        async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
            Ok(())
        }
    }
}

macro_rules! declare {
    ($(#[$attribute:meta])* $name:literal $ident:ident { $($field:ident: $ty:ty),* }) => {
        #[connection_type($name)]
        $(#[$attribute])*
        struct $ident {
            $($field: $ty),*
        }

        impl Connection for $ident {
            type Client = ();

            async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
                $(let _ = &self.$field;)*
                Ok(())
            }
        }
    };
}

declare! {
    /// From a macro.
    "from-macro" FromMacro { port: Option<u16> }
}

fn main() {
    declare_in_a_body();
    let factory = ConnectionFactory::linked().expect("no name is used twice");
    let own = factory.types().iter().filter(|entry| entry.crate_name() == env!("CARGO_PKG_NAME"));
    let names: Vec<_> = own.map(|entry| entry.name()).collect();
    assert_eq!(names, ["from-macro", "local", "private", "public", "restricted"]);
    let from_macro = factory.find("from-macro").expect("it is declared above");
    assert_eq!(from_macro.docs(), "From a macro.");
    assert_eq!(from_macro.fields()[0].type_name, "Option<u16>");
    assert_eq!(from_macro.fields()[0].visibility, connection_registry::Visibility::Public);
}
