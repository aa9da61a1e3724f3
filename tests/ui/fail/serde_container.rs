use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("transparent")]
#[serde(transparent)]
struct Transparent {
    url: String,
}

#[connection_type("tagged")]
#[serde(tag = "kind")]
struct Tagged {
    url: String,
}

#[connection_type("untagged")]
#[serde(untagged)]
struct Untagged {
    url: String,
}

#[connection_type("converted")]
#[serde(try_from = "String")]
struct Converted {
    url: String,
}

#[connection_type("remote")]
#[serde(remote = "Converted", default)]
struct Remote {
    #[serde(default)]
    url: String,
}

impl Connection for Transparent {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Tagged {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Untagged {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Converted {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Remote {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
