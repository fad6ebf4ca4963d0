//! Tables for session timers.

use super::*;

fn at(seconds: u64) -> Moment {
    Moment::from_millis(seconds * 1_000)
}

fn expires(value: &str) -> Option<SessionExpires> {
    SessionExpires::parse(value)
}

#[test]
fn header_is_read_and_written() {
    for (input, expected) in [
        ("1800", Some("1800")),
        (" 1800 ; refresher = UAC ", Some("1800;refresher=uac")),
        ("90;foo;refresher=uas;bar=1", Some("90;refresher=uas")),
        ("90;refresher=proxy", Some("90")),
        ("99999999999", Some("4294967295")),
        ("", None),
        ("-5", None),
        ("+5", None),
        ("soon;refresher=uac", None),
    ] {
        let read = SessionExpires::parse(input).map(|header| header.to_string());
        assert_eq!(read.as_deref(), expected, "{input:?}");
    }
}

#[test]
fn the_answer_follows_the_table_of_section_9() {
    // supported, Session-Expires, Min-SE -> our header and whether Require: timer, or the Min-SE of a 422.
    for (supported, header, min_s, expected) in [
        (false, "", None, Ok("1800;refresher=uas")),
        (true, "", None, Ok("1800;refresher=uas")),
        (true, "", Some(3_600), Ok("3600;refresher=uas")),
        (true, "600", None, Ok("600;refresher=uas")),
        (true, "600;refresher=uas", None, Ok("600;refresher=uas")),
        (true, "600;refresher=uac", None, Ok("600;refresher=uac")),
        (false, "600;refresher=uac", None, Ok("600;refresher=uas")),
        (true, "7200", None, Ok("1800;refresher=uas")),
        (true, "7200", Some(3_600), Ok("3600;refresher=uas")),
        // A Min-SE above the interval is a mistake of the sender: the interval is never made longer.
        (true, "600", Some(3_600), Ok("600;refresher=uas")),
        (true, "100", None, Err(120)),
        (true, "119;refresher=uac", None, Err(120)),
        (true, "120", None, Ok("120;refresher=uas")),
        // No 422 to a side that would not understand it.
        (false, "100", None, Ok("100;refresher=uas")),
    ] {
        let policy = Policy {
            interval_s: 1_800,
            min_s: 120,
        };
        let request = RequestTimers {
            supported,
            expires: expires(header),
            min_s,
        };
        let given = answer(policy, request);
        let text = given
            .map(|answer| answer.header.to_string())
            .map_err(|too_small| too_small.min_s);
        assert_eq!(text, expected.map(str::to_owned), "{request:?}");
        if let Ok(answer) = given {
            let uac = answer.header.refresher == Some(Refresher::Uac);
            assert_eq!(answer.require_timer, uac, "{request:?}");
            assert_eq!(answer.terms.we_refresh, !uac, "{request:?}");
        }
    }
}

#[test]
fn a_response_sets_the_terms() {
    for (header, expected) in [
        ("", None),
        ("600;refresher=uac", Some((600, true))),
        ("600;refresher=uas", Some((600, false))),
        ("600", Some((600, true))),
        ("30;refresher=uas", Some((90, false))),
    ] {
        let terms = terms_of_response(expires(header));
        assert_eq!(
            terms.map(|terms| (terms.interval_s, terms.we_refresh)),
            expected,
            "{header:?}"
        );
    }
}

#[test]
fn a_422_raises_the_proposal_a_few_times() {
    let mut proposal = Proposal::new(Policy::new(300));
    assert_eq!(proposal.session_expires().to_string(), "300");
    assert_eq!(proposal.min_se(), None);
    assert!(proposal.too_small(Some(600)));
    assert_eq!(proposal.session_expires().to_string(), "600");
    assert_eq!(proposal.min_se(), Some(600));
    assert!(proposal.too_small(Some(700)));
    assert!(proposal.too_small(Some(800)));
    assert!(!proposal.too_small(Some(900)), "not for ever");
    assert!(!Proposal::new(Policy::new(300)).too_small(None));
}

/// What happens to a running timer.
enum Step {
    /// Nothing is due until here.
    Quiet(u64),
    /// A refresh by this method is due here.
    Refresh(u64, RefreshBy, &'static str),
    /// The end is due here.
    Expired(u64),
    /// The refresh was answered: time, status, Session-Expires, Min-SE.
    Response(u64, u16, &'static str, Option<u32>),
    /// The other side refreshed: time, interval, whether we refresh from now on.
    Refreshed(u64, u32, bool),
}

fn check(terms: Option<Terms>, by: RefreshBy, steps: &[Step]) {
    let mut timer = SessionTimer::new(at(0), Policy::new(600), terms, by);
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Quiet(seconds) => {
                assert_eq!(timer.poll(at(seconds)), None, "step {number}");
                assert!(
                    timer.deadline().is_none_or(|next| next > at(seconds)),
                    "step {number}"
                );
            }
            Step::Refresh(seconds, expected, header) => {
                let Some(next) = timer.deadline() else {
                    panic!("step {number}: no deadline");
                };
                assert!(next <= at(seconds), "step {number}: {next}");
                let Some(Due::Refresh {
                    by, header: given, ..
                }) = timer.poll(at(seconds))
                else {
                    panic!("step {number}: no refresh");
                };
                assert_eq!((by, given.to_string().as_str()), (expected, header));
                assert_eq!(timer.poll(at(seconds)), None, "step {number}: only once");
            }
            Step::Expired(seconds) => {
                let before = at(seconds) - Duration::from_millis(1);
                if timer.deadline() > Some(before) {
                    assert_eq!(timer.poll(before), None, "step {number}: too early");
                }
                assert_eq!(timer.poll(at(seconds)), Some(Due::Expired), "step {number}");
                assert_eq!(timer.poll(at(seconds)), None, "step {number}: only once");
                assert_eq!(timer.deadline(), None, "step {number}");
            }
            Step::Response(seconds, status, header, min_s) => {
                timer.handle_response(at(seconds), status, expires(header), min_s);
            }
            Step::Refreshed(seconds, interval_s, we_refresh) => timer.agree(
                at(seconds),
                Some(Terms {
                    interval_s,
                    we_refresh,
                }),
            ),
        }
    }
}

const OURS: Option<Terms> = Some(Terms {
    interval_s: 600,
    we_refresh: true,
});
const THEIRS: Option<Terms> = Some(Terms {
    interval_s: 600,
    we_refresh: false,
});

#[test]
fn we_refresh_at_half_of_the_interval() {
    use {RefreshBy::*, Step::*};
    check(
        OURS,
        Update,
        &[
            Quiet(299),
            Refresh(300, Update, "600;refresher=uac"),
            Response(301, 200, "600;refresher=uac", None),
            Quiet(600),
            Refresh(601, Update, "600;refresher=uac"),
            // The other side took the role over.
            Response(602, 200, "600;refresher=uas", None),
            Quiet(602 + 567),
            Expired(602 + 568),
        ],
    );
}

#[test]
fn the_session_ends_when_nobody_refreshes() {
    use {RefreshBy::*, Step::*};
    // 600 s less the smaller of 32 s and a third.
    check(THEIRS, Update, &[Quiet(567), Expired(568)]);
    let short = Some(Terms {
        interval_s: 90,
        we_refresh: false,
    });
    check(short, Update, &[Quiet(59), Expired(60)]);
    check(
        THEIRS,
        Update,
        &[Refreshed(400, 600, false), Quiet(900), Expired(968)],
    );
    check(None, Update, &[Quiet(1_000_000)]);
    // Our refresh was never answered at all.
    check(
        OURS,
        Update,
        &[Refresh(300, Update, "600;refresher=uac"), Expired(568)],
    );
}

#[test]
fn a_refused_refresh_is_handled_by_its_status() {
    use {RefreshBy::*, Step::*};
    let first = || Refresh(300, Update, "600;refresher=uac");
    for status in [408, 481] {
        check(
            OURS,
            Update,
            &[first(), Response(310, status, "", None), Expired(310)],
        );
    }
    for status in [405, 501] {
        check(
            OURS,
            Update,
            &[
                first(),
                Response(301, status, "", None),
                Refresh(301, Reinvite, "600;refresher=uac"),
                Response(302, 200, "600;refresher=uac", None),
                Refresh(602, Reinvite, "600;refresher=uac"),
            ],
        );
    }
    check(
        OURS,
        Reinvite,
        &[
            Refresh(300, Reinvite, "600;refresher=uac"),
            Response(301, 405, "", None),
            Quiet(310),
            Refresh(311, Reinvite, "600;refresher=uac"),
        ],
    );
    check(
        OURS,
        Update,
        &[
            first(),
            Response(301, 491, "", None),
            Quiet(303),
            Refresh(304, Update, "600;refresher=uac"),
            Response(304, 500, "", None),
            Quiet(313),
            Refresh(314, Update, "600;refresher=uac"),
        ],
    );
    check(
        OURS,
        Update,
        &[
            first(),
            Response(301, 422, "", Some(1_200)),
            Refresh(301, Update, "1200;refresher=uac"),
            Response(302, 422, "", None),
            Expired(302),
        ],
    );
}

#[test]
fn what_comes_late_changes_nothing() {
    use {RefreshBy::*, Step::*};
    check(
        OURS,
        Update,
        &[
            // A response to nothing.
            Response(10, 481, "", None),
            Quiet(299),
            Refresh(300, Update, "600;refresher=uac"),
            Expired(568),
            Response(569, 200, "600;refresher=uac", None),
            Refreshed(570, 600, true),
            Quiet(100_000),
        ],
    );
}
