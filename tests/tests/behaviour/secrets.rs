//! Canaries: no secret comes out, in any form, by any call.

use std::sync::{Arc, Mutex, PoisonError};

use connection_registry::{ConnectionFactory, ConnectionManager, Error, Secret};
use connection_registry_tests::{CANARY, ProbeClient, Record, canary_forms};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

#[tokio::test]
async fn no_output_of_any_call_has_a_secret_in_it() {
    let log = Log::default();
    let seen = Arc::clone(&log.0);
    let _guard = tracing::subscriber::set_default(log);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), CANARY).unwrap();
    let toml = format!(
        "[connections.literal]\ntype = 'probe'\nrecord = 'canary'\npassword = '{CANARY}'\nconnect = ['leak']\n\
         url = 'probe://user:{CANARY}@host/path'\n\
         [connections.variable]\ntype = 'probe'\nrecord = 'canary'\npassword = '${{env:CANARY}}'\nconnect = ['leak']\n\
         [connections.file]\ntype = 'probe'\nrecord = 'canary'\npassword = '${{file:secret}}'\nconnect = ['leak']\n\
         [connections.goodbye]\ntype = 'probe'\nrecord = 'canary goodbye'\npassword = '{CANARY}'\ndisconnect = 'leak'\n",
    );
    let build = |toml: &str| {
        ConnectionManager::builder().toml(toml).config_dir(folder.path()).environment([("CANARY", CANARY)]).build()
    };
    let connections = build(&toml).unwrap();
    let mut outputs = vec![format!("{connections:?} {:?}", connections.registry())];
    for name in ["literal", "variable", "file"] {
        let error = connections.get::<ProbeClient>(name).await.unwrap_err();
        assert!(error.to_string().contains("no login at"), "{error}");
        outputs.extend(forms(&error));
        outputs.extend(forms(&connections.get::<ProbeClient>(name).await.unwrap_err()));
        outputs.extend(forms(&connections.get::<String>(name).await.unwrap_err()));
    }
    let guard = connections.get::<ProbeClient>("goodbye").await.unwrap();
    outputs.push(format!("{guard:?} {:?}", connections.handle::<ProbeClient>("goodbye").unwrap()));
    outputs.extend(forms(&connections.disconnect_all().await.unwrap_err()));
    for broken in ["password = \"", "passwort = '", "password = ['", "delay = '", "connect = '"] {
        let toml = format!("[connections.a]\ntype = 'probe'\nrecord = 'x'\n{broken}{CANARY}'\n# {CANARY}\n");
        outputs.extend(forms(&build(&toml).expect_err(broken)));
    }
    outputs.push(format!("{:?}", ConnectionManager::builder().toml(&toml).environment([("CANARY", CANARY)])));
    outputs.push(format!("{0} {0:?} {0:#?}", Secret::new(CANARY)));
    let mut fields = toml::Table::new();
    fields.insert("record".into(), CANARY.into());
    fields.insert("password".into(), CANARY.into());
    let factory = ConnectionFactory::linked().unwrap();
    let probe = factory.create("probe", &fields, folder.path()).unwrap();
    outputs.push(format!("{factory:?} {probe:?} {:?}", probe.connection_type()));
    fields.insert("passwort".into(), CANARY.into());
    fields.insert("delay".into(), CANARY.into());
    outputs.extend(forms(&factory.create("probe", &fields, folder.path()).unwrap_err()));
    outputs.extend(seen.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
    assert!(outputs.len() > 60, "there are outputs to look into: {}", outputs.len());
    for output in &outputs {
        for form in canary_forms() {
            assert!(!output.contains(&form), "`{form}` is in: {output}");
        }
    }
    assert!(Record::of("canary").attempts() >= 3);
}

/// Everything that can be printed of an error.
fn forms(error: &Error) -> Vec<String> {
    let mut forms = vec![
        error.to_string(),
        format!("{error:#}"),
        format!("{error:?}"),
        format!("{error:#?}"),
        error.render(),
        error.to_json(),
        format!("{:?}", error.diagnostics()),
        format!("{:?}", error.errors()),
    ];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        forms.push(format!("{cause} {cause:?}"));
        source = cause.source();
    }
    forms
}

/// Keeps every event at every level as text.
#[derive(Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0 += &format!("{}={value:?} ", field.name());
    }
}
