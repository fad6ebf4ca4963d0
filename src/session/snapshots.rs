//! The audio of the last utterances, for as long as somebody may ask for it.

use std::{collections::VecDeque, sync::Arc};

use super::SnapshotKey;
use crate::{ids::UtteranceId, media_plane::Snapshot};

/// Snapshots that are kept: a machine asks for the newest.
const KEPT: usize = 4;

/// The newest snapshots of the caller's speech.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    kept: VecDeque<(SnapshotKey, Arc<[i16]>)>,
}

impl Snapshots {
    pub(super) fn keep(&mut self, snapshot: &Snapshot) {
        let key = SnapshotKey {
            utterance: snapshot.utterance,
            revision: snapshot.revision,
        };
        self.kept.retain(|(kept, _)| *kept != key);
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((key, snapshot.audio.clone()));
    }

    /// The last of an utterance.
    pub(super) fn newest(&self, utterance: UtteranceId) -> Option<Arc<[i16]>> {
        let of = self
            .kept
            .iter()
            .filter(|(key, _)| key.utterance == utterance);
        let newest = of.max_by_key(|(key, _)| key.revision);
        newest.map(|(_, audio)| audio.clone())
    }

    pub(super) fn get(&self, key: SnapshotKey) -> Option<Arc<[i16]>> {
        let found = self.kept.iter().find(|(kept, _)| *kept == key);
        found.map(|(_, audio)| audio.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;

    #[test]
    fn the_newest_are_kept() {
        let mut snapshots = Snapshots::default();
        let key = |utterance, revision| SnapshotKey {
            utterance: UtteranceId(utterance),
            revision,
        };
        for utterance in 1..=6 {
            snapshots.keep(&Snapshot {
                utterance: UtteranceId(utterance),
                revision: 1,
                audio: vec![utterance as i16].into(),
                speech_started: Moment::ORIGIN,
                speech_ended: Moment::ORIGIN,
            });
        }
        assert_eq!(snapshots.get(key(2, 1)), None);
        assert_eq!(snapshots.get(key(3, 1)).as_deref(), Some(&[3][..]));
        assert_eq!(snapshots.get(key(6, 2)), None);
        assert_eq!(snapshots.newest(UtteranceId(6)).as_deref(), Some(&[6][..]));
        assert_eq!(snapshots.newest(UtteranceId(2)), None);
    }
}
