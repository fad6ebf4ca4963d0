//! Which attempt a NOTIFY about a transfer belongs to.
//!
//! A transfer that took too long goes on at the other side, and its NOTIFY can come when the next one is under way. What
//! the status means is the machine's business.

use crate::ids::OfferId;

/// The transfers by REFER of one call.
#[derive(Debug, Default)]
pub(super) struct Referring {
    /// The attempt under way, and the number of its REFER once that is accepted.
    current: Option<(OfferId, Option<u32>)>,
    /// REFERs whose attempts are over. A call makes a few.
    over: Vec<u32>,
}

impl Referring {
    /// A REFER is being sent.
    pub(super) fn begin(&mut self, offer: OfferId) {
        self.end_current();
        self.current = Some((offer, None));
    }

    /// A REFER was accepted; `number` is its CSeq.
    pub(super) fn accepted(&mut self, offer: OfferId, number: u32) {
        match &mut self.current {
            Some((current, known)) if *current == offer => *known = Some(number),
            // Accepted too late for its attempt.
            _ => self.over.push(number),
        }
    }

    /// The attempt is over, whatever its REFER comes to.
    pub(super) fn end(&mut self, offer: OfferId) {
        if self.current.is_some_and(|(current, _)| current == offer) {
            self.end_current();
        }
    }

    fn end_current(&mut self) {
        let number = self.current.take().and_then(|(_, number)| number);
        self.over.extend(number);
    }

    /// The attempt under way, if a NOTIFY with this `id` tells of it.
    pub(super) fn told_by(&self, id: Option<u32>) -> Option<OfferId> {
        let (offer, number) = self.current?;
        let ours = match (id, number) {
            (Some(id), Some(number)) => id == number,
            // RFC 3515 §2.4.4: the NOTIFY may overtake the response to the REFER.
            (Some(id), None) => !self.over.contains(&id),
            // RFC 3515 §2.4.6: every REFER of a dialog but the first has its id in the NOTIFY.
            (None, _) => self.over.is_empty(),
        };
        ours.then_some(offer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: OfferId = OfferId(0);
    const SECOND: OfferId = OfferId(1);

    #[test]
    fn a_notify_is_of_the_attempt_that_its_id_names() {
        let mut referring = Referring::default();
        assert_eq!(referring.told_by(None), None);
        referring.begin(FIRST);
        assert_eq!(referring.told_by(Some(2)), Some(FIRST), "ahead of the 202");
        referring.accepted(FIRST, 2);
        assert_eq!(referring.told_by(None), Some(FIRST));
        assert_eq!(referring.told_by(Some(3)), None);
        referring.end(SECOND);
        assert_eq!(referring.told_by(Some(2)), Some(FIRST));

        referring.end(FIRST);
        assert_eq!(referring.told_by(Some(2)), None, "nobody waits for it");
        referring.begin(SECOND);
        for late in [None, Some(2)] {
            assert_eq!(referring.told_by(late), None, "of the first: {late:?}");
        }
        assert_eq!(referring.told_by(Some(5)), Some(SECOND));
        referring.accepted(SECOND, 5);
        assert_eq!(referring.told_by(Some(2)), None);
        assert_eq!(referring.told_by(Some(5)), Some(SECOND));
    }

    #[test]
    fn a_refer_that_is_accepted_too_late_is_over() {
        let mut referring = Referring::default();
        referring.begin(FIRST);
        referring.end(FIRST);
        referring.begin(SECOND);
        referring.accepted(FIRST, 2);
        assert_eq!(referring.told_by(Some(2)), None);
        assert_eq!(referring.told_by(Some(3)), Some(SECOND));
    }

    #[test]
    fn a_refer_that_was_refused_leaves_the_next_one_the_first() {
        let mut referring = Referring::default();
        referring.begin(FIRST);
        referring.end(FIRST);
        referring.begin(SECOND);
        assert_eq!(referring.told_by(None), Some(SECOND));
    }
}
