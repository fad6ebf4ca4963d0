//! Session descriptions: offer and answer for one audio stream (RFC 8866, RFC 3264).
//!
//! Reads what peers write with `sdp-types`, but only the lines that matter here, so that an odd attribute of a video stream does
//! not cost a call its audio. Does not resolve names, and knows no ICE, no SRTP and no early media rules: that is SIP's business.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
};

use sdp_types::{MediaDescription, SessionDescription, TaggedAddress};

use super::{Codec, Direction, NegotiatedMedia, PayloadType, jitter::LONGEST_PAYLOAD};

/// Nothing longer is read. A browser's description with every codec it has is a quarter of it.
const LONGEST: usize = 32 * 1024;

/// The payload type under which we offer telephone-event; the number that most peers use.
const TELEPHONE_EVENT: PayloadType = PayloadType(101);

/// The longest packets that the jitter buffer takes, in milliseconds.
const MAX_PACKET_MS: usize = LONGEST_PAYLOAD / 8;

/// Our end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive RTP, as the other side can reach it.
    pub address: SocketAddr,
    /// What we speak, the best first. Only offers follow this order: an answer follows the offer's.
    pub codecs: Vec<Codec>,
    /// Names the session in `o=`; the same for a dialog's whole life.
    pub session: u64,
    /// Version in `o=`; [`SdpSession`] counts it up.
    pub version: u64,
}

/// Why a description cannot be used. To an offer the response is 488, with [`SdpError::warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// There is none, it is too long, or its audio cannot be read.
    #[error("the session description cannot be read")]
    Malformed,
    /// No audio stream, or only refused ones.
    #[error("the session description has no audio")]
    NoAudio,
    /// Audio only over SRTP or another transport than RTP/AVP(F).
    #[error("the audio is not offered over plain RTP")]
    Transport,
    /// Neither A-law nor mu-law.
    #[error("no codec in common")]
    NoCodec,
    /// A name, a multicast address, or not our IP version.
    #[error("the media address cannot be used")]
    Address,
}

impl SdpError {
    /// The code for the Warning header of the response (RFC 3261 §20.43).
    pub const fn warning(self) -> u16 {
        match self {
            Self::Malformed => 399,
            Self::Address => 301,
            Self::Transport => 302,
            Self::NoAudio => 304,
            Self::NoCodec => 305,
        }
    }
}

/// The offers and answers of one dialog, with the memory that RFC 3264 §8 asks for: the version in `o=` counts up when the
/// description changes and only then, and payload types keep their meaning.
#[derive(Clone, Debug)]
pub struct SdpSession {
    local: LocalMedia,
    agreed: Option<NegotiatedMedia>,
    offered: Direction,
    last: Option<String>,
}

impl SdpSession {
    /// A session in which nothing was said yet.
    pub const fn new(local: LocalMedia) -> Self {
        Self {
            local,
            agreed: None,
            offered: Direction::SendRecv,
            last: None,
        }
    }

    /// What was agreed on last.
    pub const fn agreed(&self) -> Option<&NegotiatedMedia> {
        self.agreed.as_ref()
    }

    /// Offers: at first everything we speak, later (hold, resume, refresh) what was agreed on.
    pub fn offer(&mut self, direction: Direction) -> String {
        self.offered = direction;
        let formats = match &self.agreed {
            Some(agreed) => Formats::agreed(agreed),
            None => Formats::all(&self.local.codecs),
        };
        self.say(&[Stream::Audio {
            formats,
            protocol: "RTP/AVP",
            direction,
        }])
    }

    /// Answers an offer. A refused offer changes nothing.
    pub fn answer(&mut self, offer: &str) -> Result<(String, NegotiatedMedia), SdpError> {
        let (streams, agreed) = negotiate(offer, &self.local)?;
        let answer = self.say(&streams);
        self.agreed = Some(agreed.clone());
        Ok((answer, agreed))
    }

    /// Takes the answer to our last offer. A refused answer changes nothing.
    pub fn accept(&mut self, answer: &str) -> Result<NegotiatedMedia, SdpError> {
        let agreed = accept(answer, &self.local, self.offered)?;
        self.agreed = Some(agreed.clone());
        Ok(agreed)
    }

    fn say(&mut self, streams: &[Stream<'_>]) -> String {
        let text = describe(&self.local, streams);
        match &self.last {
            Some(last) if *last != text => {
                self.local.version += 1;
                let text = describe(&self.local, streams);
                self.last = Some(text.clone());
                text
            }
            _ => {
                self.last = Some(text.clone());
                text
            }
        }
    }
}

/// An offer of everything we speak.
pub fn offer(local: &LocalMedia, direction: Direction) -> String {
    SdpSession::new(local.clone()).offer(direction)
}

/// Answers an offer with the first of its codecs that we speak.
pub fn answer(offer: &str, local: &LocalMedia) -> Result<(String, NegotiatedMedia), SdpError> {
    SdpSession::new(local.clone()).answer(offer)
}

/// Takes the answer to an offer that was made for `offered`.
pub fn accept(
    answer: &str,
    local: &LocalMedia,
    offered: Direction,
) -> Result<NegotiatedMedia, SdpError> {
    let streams = read(answer)?;
    // Streams of an answer stand in the order of the offer (RFC 3264 §6); ours has one.
    let stream = streams.first().ok_or(SdpError::NoAudio)?;
    let mut agreed = stream.agree(local)?;
    agreed.direction = Direction::of(
        agreed.direction.sends() && offered.sends(),
        agreed.direction.receives() && offered.receives(),
    );
    Ok(agreed)
}

fn negotiate<'a>(
    offer: &'a str,
    local: &LocalMedia,
) -> Result<(Vec<Stream<'a>>, NegotiatedMedia), SdpError> {
    let mut agreed = None;
    let mut refusal = SdpError::NoAudio;
    let mut streams = Vec::new();
    for stream in read(offer)? {
        // One audio stream is taken; each other one is refused in its place (RFC 3264 §6).
        let answer = match stream.agree(local) {
            Ok(media) if agreed.is_none() => {
                let answer = Stream::Audio {
                    formats: Formats::agreed(&media),
                    protocol: stream.protocol,
                    direction: media.direction,
                };
                agreed = Some(media);
                answer
            }
            Ok(_) => stream.refused(),
            Err(error) => {
                if refusal == SdpError::NoAudio {
                    refusal = error;
                }
                stream.refused()
            }
        };
        streams.push(answer);
    }
    Ok((streams, agreed.ok_or(refusal)?))
}

/// A media section as the other side wrote it.
struct Section<'a> {
    /// First word of `m=`, in lower case or not.
    kind: &'a str,
    protocol: &'a str,
    /// What follows the protocol.
    formats: &'a str,
    /// Its audio, if it has any and can be read, and the session's `c=` where it has none of its own.
    audio: Result<MediaDescription, SdpError>,
}

impl<'a> Section<'a> {
    fn refused(&self) -> Stream<'a> {
        Stream::Refused {
            kind: self.kind,
            protocol: self.protocol,
            formats: self.formats,
        }
    }

    fn agree(&self, local: &LocalMedia) -> Result<NegotiatedMedia, SdpError> {
        let audio = self.audio.as_ref().map_err(|error| *error)?;
        if audio.media.port == 0 {
            return Err(SdpError::NoAudio);
        }
        // The word itself: the parser takes what only begins like it, too.
        if !matches!(self.protocol, "RTP/AVP" | "RTP/AVPF") {
            return Err(SdpError::Transport);
        }
        let (payload_type, codec) = audio
            .media
            .fmts
            .iter()
            .find_map(|&number| {
                let codec = codec(audio, number)?;
                local
                    .codecs
                    .contains(&codec)
                    .then_some((PayloadType(number), codec))
            })
            .ok_or(SdpError::NoCodec)?;
        let telephone_event = audio.media.fmts.iter().copied().find(|&number| {
            // Events count the clock of the audio around them (RFC 4733 §2.1): the 16 kHz variant belongs to AMR-WB.
            mapping(audio, number) == Some(("telephone-event", 8_000))
        });
        let address = address(audio)?;
        let held = address.is_unspecified();
        if address.is_multicast() || address.is_ipv4() != local.address.is_ipv4() {
            return Err(SdpError::Address);
        }
        let theirs = audio.direction;
        Ok(NegotiatedMedia {
            codec,
            payload_type,
            telephone_event: telephone_event.map(PayloadType),
            remote: SocketAddr::new(address, audio.media.port),
            // `c=IN IP4 0.0.0.0` is the hold of old: they do not listen (RFC 3264 §8.4).
            direction: Direction::of(
                matches!(
                    theirs,
                    sdp_types::Direction::SendRecv | sdp_types::Direction::RecvOnly
                ) && !held,
                matches!(
                    theirs,
                    sdp_types::Direction::SendRecv | sdp_types::Direction::SendOnly
                ),
            ),
        })
    }
}

/// The codec that a payload type stands for: by its `rtpmap`, or else by its static number (RFC 3551 §6).
fn codec(audio: &MediaDescription, number: u8) -> Option<Codec> {
    match mapping(audio, number) {
        Some(("pcma", 8_000)) => Some(Codec::Pcma),
        Some(("pcmu", 8_000)) => Some(Codec::Pcmu),
        Some(_) => None,
        None => match number {
            0 => Some(Codec::Pcmu),
            8 => Some(Codec::Pcma),
            _ => None,
        },
    }
}

/// What `rtpmap` says about a payload type: one of the names we know, or `other`, and the clock rate. Names know no case.
fn mapping(audio: &MediaDescription, number: u8) -> Option<(&'static str, u32)> {
    let map = audio.rtpmap.iter().find(|map| map.payload == number)?;
    let mono = map.params.as_ref().is_none_or(|channels| channels == "1");
    let name = ["pcma", "pcmu", "telephone-event"]
        .into_iter()
        .find(|name| mono && map.encoding.trim().eq_ignore_ascii_case(name));
    Some((name.unwrap_or("other"), map.clock_rate))
}

fn address(audio: &MediaDescription) -> Result<IpAddr, SdpError> {
    match audio.connection.as_ref().map(|line| &line.address) {
        Some(TaggedAddress::IP4(address)) => Ok((*address).into()),
        Some(TaggedAddress::IP6(address)) => Ok((*address).into()),
        // The media plane resolves no names; a telephone line has none.
        Some(TaggedAddress::IP4FQDN(_) | TaggedAddress::IP6FQDN(_)) => Err(SdpError::Address),
        None => Err(SdpError::Malformed),
    }
}

/// The media sections of a description, in order.
fn read(text: &str) -> Result<Vec<Section<'_>>, SdpError> {
    if text.len() > LONGEST {
        return Err(SdpError::Malformed);
    }
    let mut lines = text
        .split(['\r', '\n'])
        .map(str::trim)
        .filter(|line| !line.is_empty());
    if lines.next() != Some("v=0") {
        return Err(SdpError::Malformed);
    }
    // What the parser asks for and nobody needs; a peer's own may be too odd for it (`o=Cisco SIPUA 1 2 IN IP4 ...`).
    let mut session = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n".to_owned();
    let mut media: Vec<(&str, String)> = Vec::new();
    for line in lines {
        match (line.strip_prefix("m="), media.last_mut()) {
            (Some(fields), _) => media.push((fields, format!("{session}{line}\r\n"))),
            (None, _) if !matters(line) => {}
            (None, None) => session.extend([line, "\r\n"]),
            (None, Some((_, section))) => section.extend([line, "\r\n"]),
        }
    }
    if media.is_empty() {
        return Err(SdpError::NoAudio);
    }
    media
        .into_iter()
        .map(|(fields, text)| section(fields, &text))
        .collect()
}

/// Whether a line says something about addresses, codecs or direction.
fn matters(line: &str) -> bool {
    let Some(attribute) = line.strip_prefix("a=") else {
        return line.starts_with("c=");
    };
    match attribute.strip_prefix("rtpmap:") {
        Some(map) => map
            .split_ascii_whitespace()
            .next()
            .and_then(|number| number.parse::<u8>().ok())
            .is_some_and(|number| number < 128),
        None => matches!(attribute, "sendrecv" | "sendonly" | "recvonly" | "inactive"),
    }
}

fn section<'a>(fields: &'a str, text: &str) -> Result<Section<'a>, SdpError> {
    let mut words = fields.splitn(4, ' ');
    let (Some(kind), Some(_), Some(protocol), Some(formats)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        // Without formats there is nothing to refuse it with.
        return Err(SdpError::Malformed);
    };
    let audio = match kind {
        "audio" => SessionDescription::parse(&text.into())
            .map_err(|_| SdpError::Malformed)
            .and_then(|mut description| {
                let mut audio = description
                    .media_descriptions
                    .pop()
                    .ok_or(SdpError::Malformed)?;
                // A section's own `c=` goes before the session's (RFC 8866 §5.7).
                audio.connection = audio.connection.or(description.connection);
                Ok(audio)
            }),
        _ => Err(SdpError::NoAudio),
    };
    Ok(Section {
        kind,
        protocol,
        formats,
        audio,
    })
}

/// A media section as we write it.
enum Stream<'a> {
    Audio {
        formats: Formats,
        protocol: &'a str,
        direction: Direction,
    },
    Refused {
        kind: &'a str,
        protocol: &'a str,
        formats: &'a str,
    },
}

/// Codecs with their payload types, the best first, and telephone-event's.
struct Formats {
    codecs: Vec<(Codec, PayloadType)>,
    telephone_event: Option<PayloadType>,
}

impl Formats {
    fn all(codecs: &[Codec]) -> Self {
        let number = |codec| match codec {
            Codec::Pcma => PayloadType(8),
            Codec::Pcmu => PayloadType(0),
        };
        Self {
            codecs: codecs.iter().map(|&codec| (codec, number(codec))).collect(),
            telephone_event: Some(TELEPHONE_EVENT),
        }
    }

    fn agreed(media: &NegotiatedMedia) -> Self {
        Self {
            codecs: vec![(media.codec, media.payload_type)],
            telephone_event: media.telephone_event,
        }
    }
}

fn describe(local: &LocalMedia, streams: &[Stream<'_>]) -> String {
    let mut text = String::with_capacity(512);
    // Writing to a string cannot fail.
    let _ = write_description(&mut text, local, streams);
    text
}

fn write_description(
    text: &mut String,
    local: &LocalMedia,
    streams: &[Stream<'_>],
) -> std::fmt::Result {
    let address = TaggedAddress::from(local.address.ip());
    write!(
        text,
        "v=0\r\no=- {} {} {address}\r\ns=-\r\nc={address}\r\nt=0 0\r\n",
        local.session, local.version
    )?;
    for stream in streams {
        match stream {
            Stream::Refused {
                kind,
                protocol,
                formats,
            } => write!(text, "m={kind} 0 {protocol} {formats}\r\n")?,
            Stream::Audio {
                formats,
                protocol,
                direction,
            } => {
                write!(text, "m=audio {} {protocol}", local.address.port())?;
                for (_, number) in &formats.codecs {
                    write!(text, " {}", number.0)?;
                }
                if let Some(number) = formats.telephone_event {
                    write!(text, " {}", number.0)?;
                }
                text.push_str("\r\n");
                for (codec, number) in &formats.codecs {
                    write!(text, "a=rtpmap:{} {}/8000\r\n", number.0, codec.name())?;
                }
                if let Some(PayloadType(number)) = formats.telephone_event {
                    // The sixteen keys (RFC 4733 §2.4.1, §3.2).
                    write!(
                        text,
                        "a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-15\r\n"
                    )?;
                }
                write!(
                    text,
                    "a=ptime:20\r\na=maxptime:{MAX_PACKET_MS}\r\na={}\r\n",
                    direction.name()
                )?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
