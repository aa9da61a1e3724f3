//! The trial of a reload under load.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::{
    bench::{Bench, NAME},
    load::Load,
    output,
    settings::Settings,
    trial::{NotPassed, Note, Trial, Verdict},
};
use crate::{Connection, ConnectionManager};

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![Trial::new("a reload of a changed setting fails no use", reloads::<C>)]
}

async fn reloads<C: Connection>(bench: Arc<Bench<C>>) -> Verdict<Note> {
    let missing = || NotPassed::Skipped("no changed fields were given (`with_change`)".to_owned());
    let (usage, change) = (bench.usage()?, bench.change.as_deref().ok_or_else(missing)?);
    let settings = Settings::healing(bench.timeout);
    let file = Draft::write(&bench.config_dir, &bench.document(&bench.fields, &settings))?;
    let manager = bench.manager_of_file(&file.0)?;
    let early = |why: NotPassed| why.in_a("before the reload");
    // With all the time, since it connects first: a use of the load has a part of it.
    usage.once(&bench, &manager, bench.timeout).await.map_err(|why| early(why.into()))?;
    let mut load = Load::start(&bench, &manager, usage, WORKERS);
    well(&mut load, bench.timeout).await.map_err(early)?;
    file.rewrite(&bench.document(change, &settings))?;
    let fate = reload(&bench, &manager).await?;
    well(&mut load, bench.timeout).await?;
    load.stop().await?;
    is_drained(&manager, bench.timeout).await?;
    Ok(Note::from(fate.to_owned()))
}

/// Each worker has used it several times from now on, and no use has failed.
async fn well(load: &mut Load, limit: Duration) -> Verdict {
    let now = Instant::now();
    load.succeeds(ENOUGH, now, now + limit).await
}

/// What became of the connection.
async fn reload<C: Connection>(bench: &Bench<C>, manager: &ConnectionManager) -> Verdict<&'static str> {
    let report = manager.reload().await.map_err(|error| {
        bench.search(&output::of_error(&error));
        format!("the reload failed: {error}")
    })?;
    bench.search(&[("the report of a reload", format!("{report} {report:?}"))]);
    if let Some(failure) = report.failed().first() {
        return Err(format!("it failed with the changed fields: {}", failure.error()).into());
    }
    let is_in = |list: &[String]| list.iter().any(|name| name == NAME);
    match (is_in(report.rebuilt()), is_in(report.updated())) {
        (true, _) => Ok("rebuilt"),
        (_, true) => Ok("updated in place"),
        _ => Err("the reload found nothing changed: do the fields differ?".into()),
    }
}

/// Until no earlier client is left.
async fn is_drained(manager: &ConnectionManager, limit: Duration) -> Verdict {
    let until = Instant::now() + limit;
    while manager.status().get(NAME).is_some_and(|status| status.draining > 0) {
        if Instant::now() >= until {
            return Err(format!("the old client is still there {limit:?} after the reload").into());
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// A configuration file that only its owner may read. It is removed when it is dropped.
struct Draft(PathBuf);

impl Draft {
    /// Relative paths in the fields are meant from the folder of the file, so that it has to be in that one.
    fn write(folder: &Path, text: &str) -> Verdict<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".conformance-{}-{number}.toml", std::process::id()));
        let draft = Self(path);
        create(&draft.0).and_then(|()| fs::write(&draft.0, text)).map_err(|error| {
            NotPassed::Skipped(format!("`config_dir` takes no file for a configuration to reload: {error}"))
        })?;
        Ok(draft)
    }

    fn rewrite(&self, text: &str) -> Verdict {
        fs::write(&self.0, text).map_err(|error| format!("the configuration cannot be written: {error}").into())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Where it could not be made there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}

fn create(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// How many use it at once.
const WORKERS: usize = 4;

/// How many uses show that all is well.
const ENOUGH: usize = 20;

const PAUSE: Duration = Duration::from_millis(20);
