//! The public types can be sent to, shared with and kept by other threads.

use connection_registry::{
    BoxError, ConnectContext, ConnectError, ConnectionFactory, ConnectionRef, ConnectionType, Diagnostic, Error,
    ErrorKind, Field, Instance, Secret, Visibility,
};

#[test]
fn public_types_move_freely_between_threads() {
    moves_freely::<BoxError>();
    moves_freely::<ConnectContext>();
    moves_freely::<ConnectError>();
    moves_freely::<ConnectionFactory>();
    moves_freely::<ConnectionType>();
    moves_freely::<Diagnostic>();
    moves_freely::<Error>();
    moves_freely::<ErrorKind>();
    moves_freely::<Field>();
    moves_freely::<Instance>();
    moves_freely::<Secret>();
    moves_freely::<Visibility>();
}

#[test]
fn a_reference_is_free_whatever_its_client_is() {
    moves_freely::<ConnectionRef<std::rc::Rc<()>>>();
}

fn moves_freely<T: Send + Sync + 'static>() {}
