//! How the user shows who it is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use russh::{
    Error,
    client::{AuthResult, Handle},
    keys::{
        Algorithm, PrivateKey, PrivateKeyWithHashAlg, agent::AgentIdentity, agent::client::AgentClient,
        decode_secret_key,
    },
};
use tokio::time::timeout;

use super::{
    failure::{explain, refused},
    session::Guard,
};
use crate::{
    BoxError, Secret,
    connectors::shared::{
        blocking,
        failure::{Reason, settings},
        file::{self, unreadable},
    },
};

/// How the user shows who it is.
#[derive(Debug)]
pub(super) enum Login {
    Password(Secret),
    Key {
        file: PathBuf,
        passphrase: Option<Secret>,
    },
    /// Whoever signs at this socket.
    Agent(PathBuf),
}

/// A [`Login`] once its file was read, or its agent found.
pub(super) enum Proof {
    Password(Secret),
    Key(Arc<PrivateKey>),
    Agent(Agent),
}

type Agent = AgentClient<Box<dyn russh::keys::agent::client::AgentStream + Send + Unpin>>;

impl Login {
    /// What can fail without the server.
    ///
    /// # Errors
    ///
    /// A permanent error when the file of the key cannot be used; any when nobody answers for the agent.
    pub(super) async fn proof(&self) -> Result<Proof, BoxError> {
        match self {
            Self::Password(password) => Ok(Proof::Password(password.clone())),
            Self::Key { file, passphrase } => {
                let (file, passphrase) = (file.clone(), passphrase.clone());
                // A passphrase takes time, on purpose.
                blocking::run(move || read_key(&file, passphrase.as_ref())).await?.map(Arc::new).map(Proof::Key)
            }
            Self::Agent(socket) => agent(socket).await.map(Proof::Agent),
        }
    }
}

impl Proof {
    /// Logs in.
    ///
    /// # Errors
    ///
    /// A permanent error when the server says no, and another when it hangs up instead.
    pub(super) async fn log_in(self, handle: &mut Handle<Guard>, user: &str, endpoint: &str) -> Result<(), BoxError> {
        let answer = match self {
            Self::Password(password) => handle.authenticate_password(user, password.expose()).await,
            Self::Key(key) => handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, None)).await,
            Self::Agent(agent) => return log_in_by_agent(agent, handle, user, endpoint).await,
        };
        if has_ended(&answer, handle).await {
            return Err(explain(Error::Disconnect, endpoint));
        }
        let answer = answer.map_err(|error| explain(error, endpoint))?;
        refused(&answer, endpoint).map_or(Ok(()), Err)
    }
}

/// Tries the keys of the agent, one after the other.
async fn log_in_by_agent(
    mut agent: Agent,
    handle: &mut Handle<Guard>,
    user: &str,
    endpoint: &str,
) -> Result<(), BoxError> {
    let of_agent = |error: BoxError| Reason::Other.at(endpoint, Some(format!("the agent: {error}").into()));
    let identities = agent.request_identities().await.map_err(|error| of_agent(error.into()))?;
    let mut last = None;
    for identity in identities {
        // A certificate is of use by its own way only, and RSA is not spoken.
        let AgentIdentity::PublicKey { key, .. } = identity else { continue };
        if matches!(key.algorithm(), Algorithm::Rsa { .. } | Algorithm::Dsa) {
            continue;
        }
        let answer = handle.authenticate_publickey_with(user, key, None, &mut agent).await;
        if has_ended(&answer, handle).await {
            // Servers hang up once too many keys were no good.
            return Err(last.unwrap_or_else(|| explain(Error::Disconnect, endpoint)));
        }
        match refused(&answer.map_err(|error| of_agent(error.into()))?, endpoint) {
            None => return Ok(()),
            Some(refusal) => last = Some(refusal),
        }
    }
    let none = || Reason::Credentials.at(endpoint, Some("the agent has no key that can be used".into()));
    Err(last.unwrap_or_else(none))
}

/// Whether the conversation ended instead of an answer: the driver then calls it a refusal that names no other way to log in.
/// Not to be asked again once it has said so.
async fn has_ended<E>(answer: &Result<AuthResult, E>, handle: &mut Handle<Guard>) -> bool {
    let is_answered = match answer {
        Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
            !remaining_methods.is_empty() || *partial_success
        }
        Ok(AuthResult::Success) => true,
        Err(_) => false,
    };
    !is_answered && timeout(LAST_BREATH, handle).await.is_ok()
}

#[cfg(unix)]
async fn agent(socket: &Path) -> Result<Agent, BoxError> {
    let connected = AgentClient::connect_uds(socket).await;
    connected.map(AgentClient::dynamic).map_err(|error| no_agent(socket, &error))
}

#[cfg(windows)]
async fn agent(socket: &Path) -> Result<Agent, BoxError> {
    let connected = AgentClient::connect_named_pipe(socket).await;
    connected.map(AgentClient::dynamic).map_err(|error| no_agent(socket, &error))
}

/// It may be started later.
fn no_agent(socket: &Path, error: &russh::keys::Error) -> BoxError {
    format!("no agent answers at `{}`: {error}", socket.display()).into()
}

fn read_key(file: &Path, passphrase: Option<&Secret>) -> Result<PrivateKey, BoxError> {
    let said = |why: &str| settings(format!("the file `{}` {why}", file.display()));
    let text =
        file::read(file).map_err(|error| unreadable(&format!("cannot read the file `{}`", file.display()), &error))?;
    let text = String::from_utf8(text).map_err(|_| said("has no text, and so no private key"))?;
    if passphrase.is_none() && is_encrypted(&text) {
        return Err(said("has an encrypted private key: it needs `passphrase`"));
    }
    // The driver's own errors say nothing that helps, and may repeat what they read.
    let key = decode_secret_key(&text, passphrase.map(Secret::expose)).map_err(|_| match passphrase {
        Some(_) => said("has no private key that this `passphrase` opens and that can be used (Ed25519 and ECDSA can)"),
        None => said("has no private key that can be used (Ed25519 and ECDSA can)"),
    })?;
    match key.algorithm() {
        Algorithm::Rsa { .. } | Algorithm::Dsa => {
            Err(said("has a private key that cannot be used (Ed25519 and ECDSA can)"))
        }
        _ => Ok(key),
    }
}

fn is_encrypted(text: &str) -> bool {
    PrivateKey::from_openssh(text).is_ok_and(|key| key.is_encrypted()) || text.contains("ENCRYPTED")
}

/// How long the driver's task takes to end once it has nothing to say any more.
const LAST_BREATH: Duration = Duration::from_millis(100);
