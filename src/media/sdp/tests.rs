//! What peers write, and what is made of it.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn local() -> LocalMedia {
    LocalMedia {
        address: "10.0.0.1:30000".parse().expect("an address"),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session: 77,
        version: 1,
    }
}

/// Lines as one writes them, with the preamble that every description needs unless they bring their own.
fn sdp(lines: &str) -> String {
    let preamble = match lines.contains("v=0") {
        true => "",
        false => "v=0\no=- 1 1 IN IP4 10.0.0.2\ns=-\nc=IN IP4 10.0.0.2\nt=0 0\n",
    };
    format!("{preamble}{lines}")
        .lines()
        .map(|line| format!("{}\r\n", line.trim_start()))
        .collect()
}

fn summary(media: &NegotiatedMedia) -> String {
    let event = media.telephone_event.map(|event| event.0.to_string());
    format!(
        "{} {} event {} to {} {}",
        media.codec.name(),
        media.payload_type.0,
        event.as_deref().unwrap_or("none"),
        media.remote,
        media.direction.name()
    )
}

/// What an offer comes to, and the `m=` lines and directions of the answer.
#[track_caller]
fn check(offer: &str, expected: &str) {
    let outcome = match answer(&sdp(offer), &local()) {
        Ok((answer, media)) => {
            let lines: Vec<&str> = answer
                .lines()
                .filter_map(|line| line.strip_prefix("m="))
                .collect();
            format!("{} | {}", summary(&media), lines.join(" | "))
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(outcome, expected);
}

#[track_caller]
fn check_text(text: &str, expected: &Expect) {
    expected.assert_eq(&text.replace("\r\n", "\n"));
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
}

#[test]
fn real_peers() {
    // sipp, its built-in caller.
    check(
        "v=0
        o=user1 53655765 2353687637 IN IP4 127.0.0.1
        s=-
        c=IN IP4 127.0.0.1
        t=0 0
        m=audio 6000 RTP/AVP 0
        a=rtpmap:0 PCMU/8000",
        "PCMU 0 event none to 127.0.0.1:6000 sendrecv | audio 30000 RTP/AVP 0",
    );
    // baresip 1.0.
    check(
        "v=0
        o=- 2081852487 1500021131 IN IP4 127.0.0.1
        s=-
        c=IN IP4 127.0.0.1
        t=0 0
        a=tool:baresip 1.0.0
        m=audio 20050 RTP/AVP 8 0 101
        a=rtpmap:8 PCMA/8000
        a=rtpmap:0 PCMU/8000
        a=rtpmap:101 telephone-event/8000
        a=fmtp:101 0-15
        a=sendrecv
        a=label:1
        a=rtcp-rsize
        a=ssrc:1142066596 cname:sip:uac@127.0.0.1:5284
        a=minptime:20
        a=ptime:20",
        "PCMA 8 event 101 to 127.0.0.1:20050 sendrecv | audio 30000 RTP/AVP 8 101",
    );
    // A soft phone with wide band codecs, feedback and video.
    check(
        "v=0
        o=alice 3421 1208 IN IP4 192.168.1.20
        s=Talk
        c=IN IP4 192.168.1.20
        t=0 0
        a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
        a=record:off
        m=audio 7078 RTP/AVPF 96 97 98 0 8 101 99 100
        a=rtpmap:96 opus/48000/2
        a=fmtp:96 useinbandfec=1
        a=rtpmap:97 speex/16000
        a=fmtp:97 vbr=on
        a=rtpmap:98 speex/8000
        a=fmtp:98 vbr=on
        a=rtpmap:101 telephone-event/48000
        a=rtpmap:99 telephone-event/16000
        a=rtpmap:100 telephone-event/8000
        a=rtcp:7079
        a=rtcp-fb:* trr-int 1000
        a=rtcp-fb:* ccm tmmbr
        m=video 9078 RTP/AVPF 96
        a=rtpmap:96 VP8/90000
        a=rtcp-fb:96 nack pli",
        "PCMU 0 event 100 to 192.168.1.20:7078 sendrecv | audio 30000 RTP/AVPF 0 100 | video 0 RTP/AVPF 96",
    );
    // A carrier's IMS: wide band first, two clocks of telephone-event, bandwidths, quality preconditions.
    check(
        "v=0
        o=- 21548712 21548712 IN IP4 100.64.7.9
        s=SBC call
        c=IN IP4 100.64.7.9
        b=AS:80
        b=RS:600
        b=RR:2000
        t=0 0
        m=audio 41520 RTP/AVP 104 102 8 105 100
        b=AS:80
        a=rtpmap:104 AMR-WB/16000/1
        a=fmtp:104 mode-change-capability=2;max-red=0
        a=rtpmap:102 AMR/8000/1
        a=fmtp:102 mode-change-capability=2;max-red=0
        a=rtpmap:8 PCMA/8000/1
        a=rtpmap:105 telephone-event/16000
        a=fmtp:105 0-15
        a=rtpmap:100 telephone-event/8000
        a=fmtp:100 0-15
        a=ptime:20
        a=maxptime:240
        a=curr:qos local none
        a=curr:qos remote none
        a=des:qos optional local sendrecv
        a=des:qos optional remote sendrecv
        a=sendrecv",
        "PCMA 8 event 100 to 100.64.7.9:41520 sendrecv | audio 30000 RTP/AVP 8 100",
    );
    // A desk phone: an origin with a space in the user name, an upper-case codec list, both silences.
    check(
        "v=0
        o=Cisco-SIPUA 4 PBX 26425 0 IN IP4 10.1.1.5
        s=SIP Call
        t=0 0
        m=audio 16384 RTP/AVP 18 8 0 116 101
        c=IN IP4 10.1.1.5
        a=rtpmap:18 G729/8000
        a=fmtp:18 annexb=no
        a=rtpmap:8 pcma/8000
        a=rtpmap:116 iLBC/8000
        a=rtpmap:101 Telephone-Event/8000
        a=fmtp:101 0-15",
        "PCMA 8 event 101 to 10.1.1.5:16384 sendrecv | audio 30000 RTP/AVP 8 101",
    );
    // A fax adaptor that would rather have T.38.
    check(
        "m=audio 5000 RTP/AVP 8\nm=image 5002 udptl t38\na=T38FaxVersion:0",
        "PCMA 8 event none to 10.0.0.2:5000 sendrecv | audio 30000 RTP/AVP 8 | image 0 udptl t38",
    );
}

#[test]
fn the_first_codec_of_the_offer_that_we_speak() {
    check(
        "m=audio 4000 RTP/AVP 0 8",
        "PCMU 0 event none to 10.0.0.2:4000 sendrecv | audio 30000 RTP/AVP 0",
    );
    check(
        "m=audio 4000 RTP/AVP 9 8 0\na=rtpmap:9 G722/8000",
        "PCMA 8 event none to 10.0.0.2:4000 sendrecv | audio 30000 RTP/AVP 8",
    );
    // Under a dynamic number.
    check(
        "m=audio 4000 RTP/AVP 97 96\na=rtpmap:97 PCMA/8000\na=rtpmap:96 telephone-event/8000/1",
        "PCMA 97 event 96 to 10.0.0.2:4000 sendrecv | audio 30000 RTP/AVP 97 96",
    );
    // A static number with another meaning, a second channel, another clock.
    for map in ["8 L16/8000", "8 PCMA/8000/2", "8 PCMA/16000"] {
        check(
            &format!("m=audio 4000 RTP/AVP 8\na=rtpmap:{map}"),
            "no codec in common",
        );
    }
    check("m=audio 4000 RTP/AVP 18 96", "no codec in common");
    // Mapped but not in the format list.
    check(
        "m=audio 4000 RTP/AVP 18\na=rtpmap:8 PCMA/8000",
        "no codec in common",
    );
    let only = LocalMedia {
        codecs: vec![Codec::Pcma],
        ..local()
    };
    let offer = sdp("m=audio 4000 RTP/AVP 0 8");
    let (_, media) = answer(&offer, &only).expect("A-law is there");
    assert_eq!(media.codec, Codec::Pcma);
}

#[test]
fn hold_and_resume() {
    let direction = |line: &str, ours: &str| {
        check(
            &format!("m=audio 4000 RTP/AVP 8\n{line}"),
            &format!("PCMA 8 event none to 10.0.0.2:4000 {ours} | audio 30000 RTP/AVP 8"),
        );
    };
    direction("a=sendrecv", "sendrecv");
    direction("a=sendonly", "recvonly");
    direction("a=recvonly", "sendonly");
    direction("a=inactive", "inactive");
    direction("a=sendonly ", "recvonly");
    // The session's direction is every stream's, unless it has its own.
    let session = "v=0\no=- 1 1 IN IP4 10.0.0.2\ns=-\nc=IN IP4 10.0.0.2\nt=0 0\na=sendonly";
    check(
        &format!("{session}\nm=audio 4000 RTP/AVP 8"),
        "PCMA 8 event none to 10.0.0.2:4000 recvonly | audio 30000 RTP/AVP 8",
    );
    check(
        &format!("{session}\nm=audio 4000 RTP/AVP 8\na=sendrecv"),
        "PCMA 8 event none to 10.0.0.2:4000 sendrecv | audio 30000 RTP/AVP 8",
    );
    // RFC 2543's hold, alone and with a direction.
    for (line, ours) in [
        ("", "recvonly"),
        ("a=sendonly", "recvonly"),
        ("a=recvonly", "inactive"),
        ("a=inactive", "inactive"),
    ] {
        check(
            &format!("m=audio 4000 RTP/AVP 8\nc=IN IP4 0.0.0.0\n{line}"),
            &format!("PCMA 8 event none to 0.0.0.0:4000 {ours} | audio 30000 RTP/AVP 8"),
        );
    }
}

#[test]
fn each_stream_has_its_answer() {
    check(
        "m=video 4002 RTP/AVP 31 34\nm=audio 4000 RTP/AVP 8",
        "PCMA 8 event none to 10.0.0.2:4000 sendrecv | video 0 RTP/AVP 31 34 | audio 30000 RTP/AVP 8",
    );
    check(
        "m=audio 4000 RTP/AVP 18\nm=audio 4002 RTP/AVP 8\nm=audio 4004 RTP/AVP 0",
        "PCMA 8 event none to 10.0.0.2:4002 sendrecv | audio 0 RTP/AVP 18 | audio 30000 RTP/AVP 8 | audio 0 RTP/AVP 0",
    );
    // Best effort SRTP: the same audio twice.
    check(
        "m=audio 4000 RTP/SAVP 8\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\nm=audio 4000 RTP/AVP 8",
        "PCMA 8 event none to 10.0.0.2:4000 sendrecv | audio 0 RTP/SAVP 8 | audio 30000 RTP/AVP 8",
    );
    // The second's own address.
    check(
        "m=audio 0 RTP/AVP 8\nm=audio 4002 RTP/AVP 8\nc=IN IP4 10.0.0.9",
        "PCMA 8 event none to 10.0.0.9:4002 sendrecv | audio 0 RTP/AVP 8 | audio 30000 RTP/AVP 8",
    );
}

#[test]
fn refusals() {
    check("", "the session description has no audio");
    check(
        "m=video 4000 RTP/AVP 31",
        "the session description has no audio",
    );
    check(
        "m=audio 0 RTP/AVP 8",
        "the session description has no audio",
    );
    for protocol in [
        "RTP/SAVP",
        "RTP/SAVPF",
        "UDP/TLS/RTP/SAVPF",
        "TCP/RTP/AVP",
        "RTP/AVP8",
    ] {
        check(
            &format!("m=audio 4000 {protocol} 8"),
            "the audio is not offered over plain RTP",
        );
    }
    for address in [
        "IN IP6 2001:db8::1",
        "IN IP4 pbx.example.com",
        "IN IP4 224.2.1.1/127",
    ] {
        check(
            &format!("m=audio 4000 RTP/AVP 8\nc={address}"),
            "the media address cannot be used",
        );
    }
    for broken in [
        "m=audio",
        "m=audio 4000 RTP/AVP",
        "m=audio 99999 RTP/AVP 8",
        "m=audio x RTP/AVP 8",
    ] {
        check(broken, "the session description cannot be read");
    }
    let refused = |text: &str| answer(text, &local()).err();
    assert_eq!(refused(""), Some(SdpError::Malformed));
    assert_eq!(
        refused("v=1\r\nm=audio 1 RTP/AVP 8\r\n"),
        Some(SdpError::Malformed)
    );
    assert_eq!(
        refused("v=0\r\nm=audio 1 RTP/AVP 8\r\n"),
        Some(SdpError::Malformed)
    );
    assert_eq!(
        refused(&sdp(&"a=x\n".repeat(20_000))),
        Some(SdpError::Malformed)
    );
}

#[test]
fn over_version_6_to_those_who_are_there() {
    let local = LocalMedia {
        address: "[2001:db8::1]:30000".parse().expect("an address"),
        ..local()
    };
    let offer = sdp("m=audio 4000 RTP/AVP 8\nc=IN IP6 2001:db8::2");
    let (answer, media) = answer(&offer, &local).expect("both speak version 6");
    assert_eq!(media.remote.to_string(), "[2001:db8::2]:4000");
    assert!(answer.contains("c=IN IP6 2001:db8::1\r\n"), "{answer}");
    let offer = sdp("m=audio 4000 RTP/AVP 8");
    assert_eq!(super::answer(&offer, &local).err(), Some(SdpError::Address));
}

#[test]
fn an_answer_in_full() {
    let offer = sdp("m=audio 4000 RTP/AVP 8 0 96\na=rtpmap:96 telephone-event/8000\na=sendonly");
    let (answer, _) = answer(&offer, &local()).expect("A-law is there");
    check_text(
        &answer,
        &expect![[r#"
            v=0
            o=- 77 1 IN IP4 10.0.0.1
            s=-
            c=IN IP4 10.0.0.1
            t=0 0
            m=audio 30000 RTP/AVP 8 96
            a=rtpmap:8 PCMA/8000
            a=rtpmap:96 telephone-event/8000
            a=fmtp:96 0-15
            a=ptime:20
            a=maxptime:60
            a=recvonly
        "#]],
    );
}

#[test]
fn an_offer_in_full() {
    check_text(
        &offer(&local(), Direction::SendRecv),
        &expect![[r#"
            v=0
            o=- 77 1 IN IP4 10.0.0.1
            s=-
            c=IN IP4 10.0.0.1
            t=0 0
            m=audio 30000 RTP/AVP 8 0 101
            a=rtpmap:8 PCMA/8000
            a=rtpmap:0 PCMU/8000
            a=rtpmap:101 telephone-event/8000
            a=fmtp:101 0-15
            a=ptime:20
            a=maxptime:60
            a=sendrecv
        "#]],
    );
}

#[test]
fn answers_to_our_offers() {
    let check = |lines: &str, offered: Direction, expected: &str| {
        let outcome = match accept(&sdp(lines), &local(), offered) {
            Ok(media) => summary(&media),
            Err(error) => error.to_string(),
        };
        assert_eq!(outcome, expected, "{lines}");
    };
    let both = Direction::SendRecv;
    check(
        "m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000",
        both,
        "PCMU 0 event 101 to 10.0.0.2:4000 sendrecv",
    );
    check(
        "m=audio 4000 RTP/AVP 8\na=recvonly",
        both,
        "PCMA 8 event none to 10.0.0.2:4000 sendonly",
    );
    check(
        "m=audio 4000 RTP/AVP 8\na=inactive",
        both,
        "PCMA 8 event none to 10.0.0.2:4000 inactive",
    );
    // An answer may not ask for more than was offered (RFC 3264 §6.1); those that do get what was offered.
    check(
        "m=audio 4000 RTP/AVP 8",
        Direction::SendOnly,
        "PCMA 8 event none to 10.0.0.2:4000 sendonly",
    );
    check(
        "m=audio 4000 RTP/AVP 8\na=sendonly",
        Direction::SendOnly,
        "PCMA 8 event none to 10.0.0.2:4000 inactive",
    );
    check(
        "m=audio 0 RTP/AVP 8",
        both,
        "the session description has no audio",
    );
    check("m=audio 4000 RTP/AVP 18", both, "no codec in common");
}

#[test]
fn two_of_us_agree() {
    let caller = LocalMedia {
        address: "10.0.0.2:40000".parse().expect("an address"),
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        ..local()
    };
    for offered in [
        Direction::SendRecv,
        Direction::SendOnly,
        Direction::RecvOnly,
        Direction::Inactive,
    ] {
        let (answer, ours) = answer(&offer(&caller, offered), &local()).expect("the same codecs");
        let theirs = accept(&answer, &caller, offered).expect("a right answer");
        assert_eq!((ours.codec, theirs.codec), (Codec::Pcmu, Codec::Pcmu));
        assert_eq!(ours.telephone_event, theirs.telephone_event);
        assert_eq!(
            (ours.remote, theirs.remote),
            (caller.address, local().address)
        );
        assert_eq!(theirs.direction, offered);
        assert_eq!(
            ours.direction,
            Direction::of(offered.receives(), offered.sends())
        );
    }
}

#[test]
fn the_version_counts_changes_and_numbers_keep_their_meaning() {
    let version = |text: &str| {
        let origin = text.lines().nth(1).expect("an origin");
        origin.split(' ').nth(2).expect("a version").to_owned()
    };
    let mut session = SdpSession::new(local());
    let first =
        sdp("m=audio 4000 RTP/AVP 97 96\na=rtpmap:97 PCMA/8000\na=rtpmap:96 telephone-event/8000");
    let held = format!("{first}a=sendonly\r\n");
    let mut say = |offer: &str| session.answer(offer).map(|(text, _)| version(&text));
    assert_eq!(say(&first).as_deref(), Ok("1"));
    assert_eq!(say(&first).as_deref(), Ok("1"), "a refresh changes nothing");
    assert_eq!(say(&held).as_deref(), Ok("2"));
    assert_eq!(say(&held).as_deref(), Ok("2"));
    assert_eq!(say("v=0"), Err(SdpError::NoAudio));
    assert_eq!(say(&first).as_deref(), Ok("3"));

    // Our own offer within the dialog: RFC 3264 §8.3.2.
    let refresh = session.offer(Direction::SendRecv);
    assert_eq!(version(&refresh), "3");
    assert!(
        refresh.contains("m=audio 30000 RTP/AVP 97 96\r\n"),
        "{refresh}"
    );
    let media = session.accept(&first).expect("the other side agrees");
    assert_eq!(session.agreed(), Some(&media));
    assert_eq!(version(&session.offer(Direction::SendOnly)), "4");
}

#[test]
fn a_refused_offer_leaves_the_agreement() {
    let mut session = SdpSession::new(local());
    let (_, media) = session
        .answer(&sdp("m=audio 4000 RTP/AVP 8"))
        .expect("A-law is there");
    let refused = session.answer(&sdp("m=audio 4000 RTP/AVP 18"));
    assert_eq!(refused, Err(SdpError::NoCodec));
    assert_eq!(SdpError::NoCodec.warning(), 305);
    assert_eq!(session.agreed(), Some(&media));
}

const SEED: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 96\r\n\
a=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:20\r\na=sendrecv\r\nm=video 4002 RTP/AVP 31\r\n";

/// Whatever is offered, an answer is a description with as many streams as the offer, that our own side can read.
fn check_any(offer: &str) {
    let _ = accept(offer, &local(), Direction::SendRecv);
    if let Ok((answer, media)) = answer(offer, &local()) {
        let streams = |text: &str| {
            text.split(['\r', '\n'])
                .filter(|line| line.trim().starts_with("m="))
                .count()
        };
        assert_eq!(streams(&answer), streams(offer), "{offer:?}");
        let read = read(&answer).expect("our own answer can be read");
        let ours = read
            .iter()
            .find_map(|section| section.agree(&local()).ok())
            .expect("one stream");
        assert_eq!(
            (ours.codec, ours.payload_type),
            (media.codec, media.payload_type)
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        check_any(&text);
        check_any(&format!("v=0\r\n{text}"));
    }

    #[test]
    fn no_line_panics(lines in prop::collection::vec(("[vosctmabx]=", "[ -~é\t]{0,40}"), 0..12)) {
        let text: String = lines.iter().map(|(key, rest)| format!("{key}{rest}\r\n")).collect();
        check_any(&format!("{SEED}{text}"));
        check_any(&format!("v=0\r\n{text}"));
    }

    #[test]
    fn no_mutation_panics(changes in prop::collection::vec((0..SEED.len(), any::<u8>(), 0..3u8), 1..12)) {
        let mut bytes = SEED.as_bytes().to_vec();
        for (place, byte, kind) in changes {
            let place = place % bytes.len().max(1);
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => { bytes.remove(place); }
            }
            if bytes.is_empty() { break; }
        }
        check_any(&String::from_utf8_lossy(&bytes));
    }
}
