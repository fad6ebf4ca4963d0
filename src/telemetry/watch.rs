//! Finds personal data in logs: a layer for tests that remembers every log line which holds a given text.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::layer::{Context, Layer};

/// A layer that looks for texts which must not be logged, in messages, fields and spans of every level.
#[derive(Clone, Debug, Default)]
pub struct PiiWatch {
    banned: Arc<Vec<String>>,
    found: Arc<Mutex<Vec<String>>>,
}

impl PiiWatch {
    /// Looks for any of `banned`.
    pub fn new(banned: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let banned = banned.into_iter().map(Into::into).collect();
        Self {
            banned: Arc::new(banned),
            found: Arc::default(),
        }
    }

    /// What was logged of it: `target: fields`. Empty is good.
    pub fn found(&self) -> Vec<String> {
        let found = self.found.lock();
        found.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look(&self, target: &str, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields::default();
        record(&mut fields);
        if self.banned.iter().any(|text| fields.0.contains(text)) {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.push(format!("{target}:{}", fields.0));
        }
    }
}

impl<S: Subscriber> Layer<S> for PiiWatch {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.look(event.metadata().target(), |fields| event.record(fields));
    }

    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.look(span.metadata().target(), |fields| span.record(fields));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.look("span", |fields| values.record(fields));
    }
}

#[derive(Debug, Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::pii::Pii;

    #[test]
    fn what_must_not_be_logged_is_found() {
        let watch = PiiWatch::new(["13800138000"]);
        let subscriber = tracing_subscriber::registry().with(watch.clone());
        tracing::subscriber::with_default(subscriber, || {
            let number = Pii::new("13800138000");
            tracing::trace!(call.caller = %number, "a call from {number:?}");
        });
        assert_eq!(watch.found(), Vec::<String>::new());

        let subscriber = tracing_subscriber::registry().with(watch.clone());
        tracing::subscriber::with_default(subscriber, || {
            let number = "13800138000";
            tracing::debug!("a call from {number}");
            tracing::info_span!("call", call.caller = number).in_scope(|| {});
        });
        assert_eq!(watch.found().len(), 2, "{:?}", watch.found());
    }
}
