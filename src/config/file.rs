//! The configuration file as it is written. Every key is in `yingda.example.toml`, which a test holds against these types.

mod actions;
mod engines;
mod language_model;
mod qdrant;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use serde::Deserialize;

pub use self::{
    actions::{ActionConfig, SlotConfig, SlotShape, WebhookConfig},
    engines::{
        ModelChoice, MoodConfig, RecognitionConfig, RecognitionEngine, RetrievalConfig,
        SynthesisConfig, SynthesisEngine,
    },
    language_model::LanguageModelConfig,
    qdrant::QdrantConfig,
};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Signalling.
    #[serde(default)]
    pub sip: SipConfig,
    /// RTP.
    #[serde(default)]
    pub media: MediaConfig,
    /// Speech recognition.
    #[serde(default)]
    pub recognition: RecognitionConfig,
    /// Speech synthesis.
    #[serde(default)]
    pub synthesis: SynthesisConfig,
    /// When to answer, ask back or admit not knowing.
    #[serde(default)]
    pub retrieval: RetrievalConfig,
    /// The caller's mood.
    #[serde(default)]
    pub mood: MoodConfig,
    /// A language model; none is asked without it.
    #[serde(default)]
    pub language_model: Option<LanguageModelConfig>,
    /// Patience.
    #[serde(default)]
    pub conversation: ConversationConfig,
    /// Bringing in a human.
    #[serde(default)]
    pub handover: HandoverConfig,
    /// What is kept, and where.
    #[serde(default)]
    pub storage: StorageConfig,
    /// The web console.
    #[serde(default)]
    pub console: ConsoleConfig,
    /// Folder of the sentences the bot can say.
    #[serde(default = "default_prompts")]
    pub prompts: PathBuf,
    /// Table of mobile segments (`phone.dat` or CSV), for the place of a mobile caller.
    #[serde(default)]
    pub mobile_segments: Option<PathBuf>,
    /// The tenants.
    #[serde(rename = "business")]
    pub businesses: Vec<BusinessConfig>,
}

fn default_prompts() -> PathBuf {
    PathBuf::from("prompts")
}

/// Signalling.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SipConfig {
    /// Where SIP is heard.
    pub listen: SocketAddr,
    /// Also over TCP, on the same port.
    pub tcp: bool,
    /// The address others reach us under, when it is not the one we listen on (NAT).
    pub advertise: Option<IpAddr>,
    /// Calls in progress; one more gets 503.
    pub max_calls: usize,
    /// Retry-After of such a 503, in seconds.
    pub retry_after_s: u32,
    /// Networks that may call (CIDR). Empty: everybody.
    pub allow: Vec<String>,
    /// Session-Expires, in seconds (RFC 4028).
    pub session_expires_s: u32,
    /// Realm of inbound digest authentication.
    pub realm: String,
    /// Who may call with a password. Empty: no password is asked.
    #[serde(rename = "user")]
    pub users: Vec<UserConfig>,
    /// Carriers we register with.
    #[serde(rename = "trunk")]
    pub trunks: Vec<TrunkConfig>,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 5060)),
            tcp: true,
            advertise: None,
            max_calls: 100,
            retry_after_s: 10,
            allow: vec!["127.0.0.0/8".to_owned()],
            session_expires_s: 1_800,
            realm: "yingda".to_owned(),
            users: Vec::new(),
            trunks: Vec::new(),
        }
    }
}

/// Who may call with a password.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserConfig {
    /// User name.
    pub name: String,
    /// Password.
    pub password: String,
}

/// A carrier we register with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkConfig {
    /// Registrar (`sip:sbc.carrier.example:5060`).
    pub registrar: String,
    /// User name, of the address of record too.
    pub user: String,
    /// Password.
    pub password: String,
    /// Wanted lifetime of a registration, in seconds.
    #[serde(default = "default_expires")]
    pub expires_s: u32,
}

const fn default_expires() -> u32 {
    600
}

/// RTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaConfig {
    /// Local address of RTP.
    pub address: IpAddr,
    /// First port of the pool, even.
    pub first_port: u16,
    /// Last port of the pool.
    pub last_port: u16,
    /// Media threads.
    pub threads: usize,
    /// Silence on the wire that ends a call, in seconds.
    pub lost_after_s: u32,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            first_port: 20_000,
            last_port: 20_999,
            threads: 1,
            lost_after_s: 10,
        }
    }
}

/// Patience.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversationConfig {
    /// Silence of the caller before a re-prompt, in seconds.
    pub silence_s: f32,
}

impl Default for ConversationConfig {
    fn default() -> Self {
        Self { silence_s: 10.0 }
    }
}

/// Bringing in a human.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HandoverConfig {
    /// How long the agent's phone rings, in seconds.
    pub ring_s: u32,
    /// How long a REFER may take, in seconds.
    pub refer_s: u32,
}

impl Default for HandoverConfig {
    fn default() -> Self {
        Self {
            ring_s: 20,
            refer_s: 32,
        }
    }
}

/// What is kept, and where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// The SQLite file.
    pub database: PathBuf,
    /// Folder of the recordings.
    pub recordings: PathBuf,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            database: PathBuf::from("data/yingda.db"),
            recordings: PathBuf::from("data/recordings"),
        }
    }
}

/// The web console.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleConfig {
    /// Where HTTP is heard.
    pub listen: SocketAddr,
    /// A file that holds the token of those who may change knowledge over HTTP. Without one, nobody may.
    pub token_file: Option<PathBuf>,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8_400)),
            token_file: None,
        }
    }
}

/// A tenant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessConfig {
    /// Short name (`appliance`), unique.
    pub id: String,
    /// Name as callers and agents know it.
    pub name: String,
    /// Its own words for one thing, a text file: one thing a line, the usual word first.
    #[serde(default)]
    pub synonyms: Option<PathBuf>,
    /// Skills that its agents have. With them, entries that ask for another are told of.
    #[serde(default)]
    pub skills: Option<Vec<String>>,
    /// Its systems.
    #[serde(default, rename = "webhook")]
    pub webhooks: Vec<WebhookConfig>,
    /// What its actions take. With them, entries that name another are told of.
    #[serde(default, rename = "action")]
    pub actions: Vec<ActionConfig>,
    /// Its 400 numbers.
    #[serde(rename = "line")]
    pub lines: Vec<LineConfig>,
}

/// A 400 number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineConfig {
    /// Ten digits (`4008001234`).
    pub number: String,
    /// Numbers the carrier delivers it under (目的码).
    #[serde(default)]
    pub dids: Vec<String>,
    /// Language of prompts (`zh-CN`, `en-US`).
    #[serde(default = "default_language")]
    pub language: String,
    /// Voice of the speech engine; its own choice if empty.
    #[serde(default)]
    pub voice: String,
    /// The FAQ that it begins with, a CSV file: its first published version, and every later one while nobody publishes
    /// otherwise.
    pub knowledge: PathBuf,
    /// Name of the knowledge base; without one, that of the file. Lines of one business may share a base.
    #[serde(default)]
    pub knowledge_base: Option<String>,
    /// The agent's SIP URI.
    #[serde(default)]
    pub agent: Option<String>,
    /// How the agent is brought in.
    #[serde(default)]
    pub transfer: Transfer,
}

fn default_language() -> String {
    "zh-CN".to_owned()
}

/// How an agent is brought in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// Call the agent and join both legs.
    #[default]
    Bridge,
    /// REFER.
    Refer,
}
