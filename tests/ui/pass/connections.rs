// A struct of connections in every place, with every argument, and where the surroundings are hostile.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(warnings)]

mod core {}
mod std {}
mod connection_registry {}

#[allow(dead_code)]
struct Some;
#[allow(dead_code)]
struct Result;

#[::connection_registry::connection_type("store")]
struct Store {}

#[::connection_registry::connection_type("cache")]
struct Cache {}

macro_rules! connect {
    ($name:ident) => {
        impl ::connection_registry::Connection for $name {
            type Client = u8;

            async fn connect(
                &self,
                _: &::connection_registry::ConnectContext,
            ) -> ::std::result::Result<u8, ::connection_registry::BoxError> {
                ::std::result::Result::Ok(1)
            }
        }
    };
}

connect!(Store);
connect!(Cache);

#[derive(::connection_registry::Connections, ::std::fmt::Debug, ::std::clone::Clone)]
#[connections(file = "connections.toml")]
#[allow(dead_code)]
struct Backends {
    #[connection(type = Store)]
    primary_db: ::connection_registry::Conn<u8>,
    #[connection(name = "cache-eu")]
    #[connection(type = self::Cache)]
    fields: ::connection_registry::Conn<u8>,
    #[connection(name = "tenant/42", type = Store)]
    connections: ::std::option::Option<::connection_registry::Conn<u8>>,
    #[connection(name = "queue")]
    r#type: ::connection_registry::Handle<u8>,
    live_only: ::std::option::Option<::connection_registry::Handle<u8>>,
    archive: ::std::option::Option<::connection_registry::Conn<u8>>,
    nowhere: ::std::option::Option<::connection_registry::Conn<u8>>,
}

mod vendor {
    pub(crate) use ::connection_registry as registry;
}

mod inner {
    use crate::vendor::registry;

    #[derive(registry::Connections)]
    #[connections(crate = crate::vendor::registry, file = "./connections.toml",)]
    pub(crate) struct Inner {
        pub(crate) primary_db: registry::Conn<u8>,
    }
}

macro_rules! written_by_a_macro {
    ($field:ident, $ty:ty) => {
        #[derive(::connection_registry::Connections)]
        #[connections(file = "connections.toml")]
        #[allow(dead_code)]
        struct ByMacro {
            $field: $ty,
        }
    };
}

written_by_a_macro!(archive, ::std::option::Option<::connection_registry::Conn<u8>>);

fn main() {
    #[derive(::connection_registry::Connections)]
    struct Local {
        #[connection(type = Store)]
        any: ::connection_registry::Conn<u8>,
    }

    fn is_send<T: ::std::marker::Send>(_: T) {}

    async fn connect(
        manager: &::connection_registry::ConnectionManager,
    ) -> ::std::result::Result<u8, ::connection_registry::Error> {
        let inner = inner::Inner::connect(manager).await?;
        let local = Local::connect(manager).await?;
        ::std::result::Result::Ok(*inner.primary_db + *local.any)
    }

    let manager = ::connection_registry::ConnectionManager::builder().build();
    let manager = ::std::result::Result::ok(manager);
    if let ::std::option::Option::Some(manager) = &manager {
        is_send(Backends::connect(manager));
        is_send(connect(manager));
    }
    ::std::assert_eq!(
        Backends::NAMES,
        ["primary_db", "cache-eu", "tenant/42", "queue", "live_only", "archive", "nowhere"]
    );
    ::std::assert_eq!(ByMacro::NAMES, ["archive"]);
}
