// The expansion names nothing by a path that its surroundings could change.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(warnings)]

mod core {}
mod std {}
mod serde {}
mod inventory {}
mod connection_registry {}

#[allow(dead_code)]
struct Some;
#[allow(dead_code)]
struct Option;
#[allow(dead_code)]
struct Declaration;

#[::connection_registry::connection_type("hostile")]
struct Hostile {
    url: ::std::option::Option<::std::string::String>,
}

impl ::connection_registry::Connection for Hostile {
    type Client = ::std::option::Option<::std::string::String>;

    async fn connect(
        &self,
        _cx: &::connection_registry::ConnectContext,
    ) -> ::std::result::Result<Self::Client, ::connection_registry::BoxError> {
        ::std::result::Result::Ok(::std::clone::Clone::clone(&self.url))
    }
}

fn main() {}
