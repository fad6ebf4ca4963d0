//! Composition: [`App::build`] makes every part from the configuration, [`App::run`] serves until it is told to stop.

mod actions;
mod engines;
mod files;
mod knowledge;
mod language_model;
mod qdrant;
mod status;

use std::{collections::HashMap, convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::ProcessClock,
    config::Config,
    console::{self, ConsoleState, KnowledgeDesk},
    media_plane::{MediaPlane, MediaPlaneConfig},
    publishing::{BasePlan, Desk, Library, Shelf, lessons::Classroom},
    recording::Recorder,
    retrieval::{KnowledgeIndex, qdrant::Qdrant},
    session::{Lines, Reception, ReceptionConfig, Services, comfort_music},
    sip::{
        Authentication, Credentials, Registration, SipConfig, SipEndpoint, Trunk,
        session_timer::Policy,
    },
    storage::{ServingLock, Store},
    telemetry::Metrics,
};

pub use actions::systems;
pub use engines::encoder;
pub use files::{Files, language_warnings, read_prompts};
pub use knowledge::{Workshop, open_speech, open_workshop};
use status::{Parts, ProcessStatus};

/// How long calls may go on once the process was told to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a database that cannot be written is waited for, after the last call had to be over.
const RECORDS_PATIENCE: Duration = Duration::from_secs(15);

/// Everything, ready to serve.
pub struct App {
    reception: Reception,
    services: Arc<Services>,
    console: TcpListener,
    state: ConsoleState,
    status: Arc<ProcessStatus>,
    library: Arc<Library>,
    qdrant: Option<Qdrant>,
    store: Store,
    /// Held until the last record is written.
    lock: ServingLock,
    registrations: Vec<Registration>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

/// How far `App::build` has come, for people who wait.
pub trait Progress {
    /// A step begins.
    fn step(&mut self, what: &str);
    /// `done` of `all` sentences are synthesised.
    fn synthesised(&mut self, done: usize, all: usize);
}

impl App {
    /// Makes every part. What an earlier process left open is closed last, so a start that fails changes no record.
    pub async fn build(config: &Config, progress: &mut dyn Progress) -> anyhow::Result<Self> {
        progress.step("reading knowledge, prompts and tables");
        let files = Files::read(config)?;
        for warning in language_warnings(config)? {
            tracing::warn!("{warning}");
        }
        let clock = ProcessClock::start();
        progress.step("opening the records");
        let (lock, store) = open_store(config).await?;
        progress.step("loading the recognition model");
        let recognizer = engines::recognizer(config)?;
        let moods = engines::moods(config)?;
        progress.step("preparing what can be said");
        let synthesizer = engines::speech(config).await?;
        let all = files.sentences.len();
        synthesizer
            .prefetch(&files.sentences, |done| progress.synthesised(done, all))
            .await?;
        let maker = engines::index_maker(config, files.encoder.clone());
        let classroom = Classroom::new(store.clone(), &files.bases, files.encoder.clone());
        let desk = Desk::new(
            store.clone(),
            files.bases.clone(),
            maker.clone(),
            knowledge::reader()?,
        )
        .with_model(knowledge::model(&files, clock));
        let qdrant = qdrant::open(config, clock)?;
        let library = Library::new(
            store.clone(),
            files.bases.clone(),
            maker,
            synthesizer.clone(),
        )
        .with_qdrant(qdrant.clone());
        library.seed(clock.wall_ms(clock.now())).await?;
        let lines = Arc::new(open_lines(&library, &files, progress).await?);
        let media = MediaPlane::start(
            MediaPlaneConfig {
                address: config.media.address,
                first_port: config.media.first_port,
                last_port: config.media.last_port,
                threads: config.media.threads,
                lost_after: Duration::from_secs(config.media.lost_after_s.into()),
            },
            clock,
        )
        .context("the media threads cannot start")?;
        let media = Arc::new(media);
        let console = TcpListener::bind(config.console.listen)
            .await
            .with_context(|| format!("the console cannot listen on {}", config.console.listen))?;
        progress.step("listening");
        let (sip, calls) = SipEndpoint::start(sip_config(config)).await?;
        let registrations = register(config, &sip)?;
        let metrics = Arc::new(Metrics::default());
        let library = Arc::new(library);
        let status = Arc::new(ProcessStatus::new(
            clock,
            config.sip.max_calls,
            Parts {
                lines: lines.clone(),
                library: library.clone(),
                metrics: metrics.clone(),
                media: media.clone(),
                sip: sip.clone(),
                qdrant: qdrant.clone(),
                systems: files.systems.clone(),
            },
        ));
        let services = Arc::new(Services {
            clock,
            table: files.table,
            places: files.places,
            lines,
            recognizer,
            recognition_deadline: Duration::from_millis(config.recognition.deadline_ms),
            moods,
            mood_escalates: config.mood.escalate,
            language_model: files.language_model,
            actions: Some(Arc::new(actions::SystemsOfCalls {
                systems: files.systems.clone(),
                clock,
            })),
            synthesizer: synthesizer.clone(),
            music: comfort_music(),
            media,
            media_address: config.sip.advertise.unwrap_or(config.media.address),
            sip,
            recorder: Arc::new(Recorder::start().context("the recording thread cannot start")?),
            recordings: config.storage.recordings.clone(),
            writer: store.writer(),
            metrics: metrics.clone(),
        });
        let state = ConsoleState {
            store: store.clone(),
            recordings: config.storage.recordings.clone(),
            status: status.clone(),
            metrics,
            knowledge: Arc::new(KnowledgeDesk {
                token: files::token(config)?,
                desk,
                classroom,
                speech: synthesizer,
                published: Box::new({
                    let library = library.clone();
                    move || library.look()
                }),
                now_ms: Box::new(move || clock.wall_ms(clock.now())),
            }),
        };
        let reception = ReceptionConfig { patience: PATIENCE };
        close_orphans(&store, clock).await?;
        Ok(Self {
            reception: Reception::new(reception, services.clone(), calls),
            services,
            console,
            state,
            status,
            library,
            qdrant,
            store,
            lock,
            registrations,
        })
    }

    /// Where SIP is heard.
    pub fn sip_address(&self) -> SocketAddr {
        self.services.sip.local_address()
    }

    /// Where HTTP is heard.
    pub fn console_address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.console.local_addr()?)
    }

    /// What calls share, for a look from outside.
    pub fn services(&self) -> Arc<Services> {
        self.services.clone()
    }

    /// Serves until `stop`. Then the trunks are told that we leave, no new call is taken, calls in progress may end in their
    /// own time (30 s), and everything that was said is on record before this returns, unless the database cannot be written
    /// until 45 s after `stop`.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self {
            reception,
            services,
            console,
            state,
            status,
            library,
            qdrant,
            store,
            lock,
            registrations,
        } = self;
        let following = {
            let shelf = IntoLines(services.lines.clone());
            let stop = stop.clone();
            tokio::spawn(async move { library.follow(&shelf, stop).await })
        };
        let keeping = qdrant.map(|qdrant| {
            let stop = stop.clone();
            tokio::spawn(async move { qdrant.keep(stop).await })
        });
        let console_stop = CancellationToken::new();
        let console = tokio::spawn(console::serve(console, state, console_stop.clone()));
        status.set_ready();
        let leaving = async {
            stop.cancelled().await;
            status.set_stopping();
            // At once, so that the carriers send new calls elsewhere; each farewell has a limit of its own.
            let farewells = registrations.into_iter().map(Registration::stop);
            farewells.collect::<JoinSet<()>>().join_all().await;
        };
        let serving = async {
            tokio::join!(reception.run(stop.clone()), leaving);
            services.writer.flush().await
        };
        let giving_up = async {
            stop.cancelled().await;
            tokio::time::sleep(PATIENCE + RECORDS_PATIENCE).await;
            services.writer.give_up();
            std::future::pending::<Infallible>().await
        };
        let written = tokio::select! {
            written = serving => written,
            never = giving_up => match never {},
        };
        drop(services);
        following.await.context("the library failed")?;
        if let Some(keeping) = keeping {
            keeping.await.context("the upkeep of qdrant failed")?;
        }
        console_stop.cancel();
        console.await?.context("the console failed")?;
        store.close().await;
        drop(lock);
        written.context("the last records were not written")
    }
}

/// The lines, each answering from the version of its base that is published.
async fn open_lines(
    library: &Library,
    files: &Files,
    progress: &mut dyn Progress,
) -> anyhow::Result<Lines> {
    let mut indexes = HashMap::new();
    for base in &files.bases {
        let index = library
            .open(&base.id, |done, all| progress.synthesised(done, all))
            .await
            .with_context(|| format!("knowledge base {}", base.id))?;
        indexes.insert(&base.id, index);
    }
    let lines = files.lines.iter().filter_map(|(number, plan)| {
        // Every line's base is among the bases.
        let index = indexes.get(&plan.base)?.clone();
        Some((number.clone(), Arc::new(plan.clone().with(index))))
    });
    Ok(Lines::new(lines.collect()))
}

/// Puts new versions into the lines.
struct IntoLines(Arc<Lines>);

impl Shelf for IntoLines {
    fn put(&self, base: &BasePlan, index: &Arc<dyn KnowledgeIndex>) {
        self.0.switch(&base.lines, index);
    }
}

/// The records, and the lock that says that they are ours: taken first, because opening may bring the tables up to date.
async fn open_store(config: &Config) -> anyhow::Result<(ServingLock, Store)> {
    let database = &config.storage.database;
    if let Some(folder) = database.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("folder {} cannot be made", folder.display()))?;
    }
    let lock = ServingLock::take(database)?;
    Ok((lock, Store::open(database).await?))
}

async fn close_orphans(store: &Store, clock: ProcessClock) -> anyhow::Result<()> {
    for call in store.close_orphans(clock.wall_ms(clock.now())).await? {
        tracing::warn!(call.id = %call, "a call was cut off by the end of an earlier process; it is closed now");
    }
    Ok(())
}

fn sip_config(config: &Config) -> SipConfig {
    let users = config.sip.users.iter().map(|user| Credentials {
        user: user.name.clone(),
        password: user.password.clone(),
    });
    SipConfig {
        listen: config.sip.listen,
        tcp: config.sip.tcp,
        advertise: config.sip.advertise,
        allow: config.allowed_networks(),
        max_calls: config.sip.max_calls,
        retry_after: Duration::from_secs(config.sip.retry_after_s.into()),
        authentication: (!config.sip.users.is_empty()).then(|| Authentication {
            realm: config.sip.realm.clone(),
            users: users.collect(),
        }),
        session: Policy::new(config.sip.session_expires_s),
        ..SipConfig::default()
    }
}

fn register(config: &Config, sip: &SipEndpoint) -> anyhow::Result<Vec<Registration>> {
    let trunks = config.sip.trunks.iter().map(|trunk| Trunk {
        registrar: trunk.registrar.clone(),
        user: trunk.user.clone(),
        password: trunk.password.clone(),
        expires_s: trunk.expires_s,
    });
    trunks.map(|trunk| Ok(sip.register(trunk)?)).collect()
}
