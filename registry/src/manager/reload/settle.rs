//! What can be done at once for a name when another configuration is in force: all but another client.

use std::sync::{Arc, MutexGuard};

use super::{
    plan::{Change, Found},
    replace::Reason,
    report::Fate,
};
use crate::{
    config::{Declared, Fingerprint, Lifecycle, Start},
    error::Result,
    manager::{
        instances::notes_uses,
        shared::{Declarations, Shared, client_type, targets},
    },
    registry::{ConnectionState, Entry, EntryState, Pending},
};

/// What came of a name, or what is left to be done for it.
pub(super) enum Settled {
    Done(Fate),
    /// Its client is not what it would be if it were made now.
    Behind(Arc<Entry>, Reason),
}

/// A name in the configuration that is in force now.
struct Subject<'a> {
    shared: &'a Arc<Shared>,
    configuration: &'a Declarations,
    declared: &'a Declared,
    entry: &'a Arc<Entry>,
    /// What the two configurations say, without a look at what placeholders stand for.
    content_changed: bool,
    lifecycle_changed: bool,
}

impl Shared {
    /// Brings a name in line with `configuration`, which is in force, as far as it takes no waiting.
    pub(super) fn settle(
        self: &Arc<Self>,
        configuration: &Declarations,
        (name, declared, change): Found<'_>,
    ) -> Settled {
        let Some(declared) = declared else { return Settled::Done(self.take_away(name)) };
        match (change, self.registry.entry(name)) {
            (Change::Kept { content, lifecycle }, Some(entry)) => {
                let (content_changed, lifecycle_changed) = (content, lifecycle);
                Subject { shared: self, configuration, declared, entry: &entry, content_changed, lifecycle_changed }
                    .settle()
            }
            // What somebody took out comes back: the file says what there is.
            (Change::Added | Change::Kept { .. }, _) if !declared.is_template() => {
                Settled::Done(self.add(name, declared))
            }
            _ => Settled::Done(Fate::Unchanged),
        }
    }

    fn add(self: &Arc<Self>, name: &Arc<str>, declared: &Declared) -> Fate {
        let client_type = client_type(&self.factory, declared);
        let entry = self.registry.declare(name, client_type);
        // It is there already when a client was inserted under that name, which stays.
        entry.declare(client_type);
        entry.depends_only_on(targets(declared));
        self.bring_up(&entry, declared.lifecycle);
        Fate::Added
    }

    fn take_away(self: &Arc<Self>, name: &Arc<str>) -> Fate {
        let Some(entry) = self.registry.entry(name) else { return Fate::Removed };
        entry.declare(None);
        let is_inserted = entry.lock().slot.client().is_some_and(|client| client.origin.is_none());
        if is_inserted {
            return Fate::Removed;
        }
        let Some(replaced) = self.registry.take_out(&entry) else { return Fate::Removed };
        self.agenda.forget(name);
        self.tell_of(&entry);
        if let Some(attempt) = replaced.outdated {
            // Its callers look again, and find that there is no such name.
            attempt.supersede();
        }
        if let Some(retired) = replaced.retired {
            self.drain(name, retired);
        }
        Fate::Removed
    }

    /// Connects without a caller what is to be up.
    fn bring_up(self: &Arc<Self>, entry: &Arc<Entry>, lifecycle: Lifecycle) {
        if !self.is_started() {
            return;
        }
        let mut state = entry.lock();
        state.is_kept_up = lifecycle.start == Start::Eager;
        let is_wanted = state.is_kept_up;
        drop(state);
        if is_wanted {
            self.retry(entry);
        }
    }
}

impl Subject<'_> {
    fn settle(&self) -> Settled {
        let client_type = client_type(&self.shared.factory, self.declared);
        self.entry.declare(client_type);
        let mut values = None;
        loop {
            let mut state = self.entry.lock();
            if values.is_none() && self.needs_values(&state) {
                drop(state);
                values = Some(self.values());
                continue;
            }
            if self.lifecycle_changed && state.slot.client().is_some() && self.shared.is_started() {
                state.is_kept_up = self.declared.lifecycle.start == Start::Eager;
            }
            return self.compared(state, values.unwrap_or(Ok(self.declared.content)));
        }
    }

    /// `content` is what the configuration says now.
    fn compared(&self, state: MutexGuard<'_, EntryState>, content: Result<Fingerprint>) -> Settled {
        let Some(client) = state.slot.client() else { return self.without_client(state, content.ok()) };
        let Some(made_from) = client.origin.as_ref().map(|origin| origin.content) else {
            // Inserted: it stays, whatever is declared.
            return Settled::Done(self.fate());
        };
        match content {
            Ok(content) if made_from == content => self.in_line(state),
            Ok(content) => self.behind(state, content),
            Err(error) => Settled::Done(Fate::Failed(error)),
        }
    }

    /// The client is made from what the configuration says.
    fn in_line(&self, mut state: MutexGuard<'_, EntryState>) -> Settled {
        let lifecycle = self.declared.lifecycle;
        if notes_uses(self.declared) {
            state.note_uses();
        }
        let generation = state.slot.generation();
        let origin = state.slot.client_mut().and_then(|client| client.origin.as_mut());
        let before = origin.map(|origin| std::mem::replace(&mut origin.lifecycle, lifecycle));
        let mut outdated = None;
        if std::mem::take(&mut state.is_behind) {
            // The configuration is what it was before, or the client was made by this one: it need not be replaced.
            state.is_stale = state.slot.state() == ConnectionState::Degraded || state.is_following;
            outdated = state.slot.renew();
        }
        let is_following = state.is_following;
        drop(state);
        outdated.iter().for_each(Pending::supersede);
        if let Some(before) = before {
            self.shared.watch_over_anew(self.entry, generation, before, lifecycle);
        }
        if is_following {
            return Settled::Behind(Arc::clone(self.entry), Reason::Dependency);
        }
        let is_changed = before.is_some_and(|before| before != lifecycle);
        Settled::Done(if is_changed { Fate::Updated } else { Fate::Unchanged })
    }

    /// The client is to be replaced; an attempt to do so for another reason is by the configuration before.
    fn behind(&self, mut state: MutexGuard<'_, EntryState>, content: Fingerprint) -> Settled {
        (state.is_stale, state.is_behind) = (true, true);
        let reason = if state.is_following { Reason::ContentAndDependency } else { Reason::Content(content) };
        drop(state);
        Settled::Behind(Arc::clone(self.entry), reason)
    }

    /// There is nothing to replace: what was tried so far is forgotten where it was something else.
    fn without_client(&self, mut state: MutexGuard<'_, EntryState>, content: Option<Fingerprint>) -> Settled {
        let (is_connecting, failed) = (state.slot.is_connecting(), state.slot.retry_at());
        let is_other = self.content_changed
            || (self.declared.has_placeholders() && is_connecting && state.attempted() != content)
            || (failed.is_some() && content.is_some() && state.attempted() != content);
        // A failure that was to stay was so until a reload.
        let is_over = is_other || failed.is_some_and(|(_, permanent)| permanent);
        let failure = state.slot.failure().cloned();
        let outdated = if is_over { state.slot.renew() } else { None };
        let news = self.shared.tell(self.entry, &mut state);
        drop(state);
        drop(failure);
        news.log();
        outdated.iter().for_each(Pending::supersede);
        if self.content_changed {
            self.entry.depends_only_on(targets(self.declared));
        }
        if self.lifecycle_changed {
            self.shared.bring_up(self.entry, self.declared.lifecycle);
        }
        if is_over {
            self.shared.retry(self.entry);
        }
        let is_other = is_other && is_connecting;
        Settled::Done(if is_other { Fate::Updated } else { self.fate() })
    }

    /// What the two configurations alone say.
    fn fate(&self) -> Fate {
        if self.content_changed || self.lifecycle_changed { Fate::Updated } else { Fate::Unchanged }
    }

    /// Whether it matters what placeholders stand for now. That may cost files to be read.
    fn needs_values(&self, state: &EntryState) -> bool {
        self.declared.has_placeholders()
            && match state.slot.client() {
                Some(client) => client.origin.is_some(),
                None => state.slot.is_connecting() || state.slot.retry_at().is_some(),
            }
    }

    fn values(&self) -> Result<Fingerprint> {
        let name = self.entry.name();
        self.configuration.resolved_content(name).map_err(|diagnostics| self.shared.unusable(name, diagnostics))
    }
}
