//! The example of a business's system, in another language, takes what we sign and nothing else.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use uuid::Uuid;
use yingda::{
    action::{ActionFailure, ActionRequest, Outcome},
    clock::ProcessClock,
    ids::{ActionId, BusinessId, CallId, EntryId},
    pii::Pii,
    webhooks::{Event, Secrets, Target, WebhookClient},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "another secret of thirty-two bytes";

/// A process that ends with the test.
struct Receiver(Child);

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn event(order: &str, id: u64) -> Event {
    Event {
        business: BusinessId::new("appliance"),
        call: CallId(Uuid::from_u128(7)),
        caller: None,
        request: ActionRequest {
            id: ActionId(id),
            action: "lookup:order".parse().expect("an action"),
            entry: EntryId::new("A012"),
            question: Pii::new("我的订单到哪了".to_owned()),
            slots: vec![("order".to_owned(), Pii::new(order.to_owned()))],
        },
        trial: false,
    }
}

fn client(url: &str, secrets: &str) -> WebhookClient {
    WebhookClient::new(Target {
        url: url.to_owned(),
        allow_http: false,
        secrets: Secrets::parse(secrets).expect("secrets"),
        timeout: Duration::from_secs(10),
        retries: 1,
        slots: 2,
    })
    .expect("loopback")
}

#[tokio::test]
async fn the_example_receiver_takes_what_we_sign() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/webhook-receiver");
    let started = Command::new("python3")
        .arg(script)
        .arg(&file)
        .arg("0")
        .stdout(Stdio::piped())
        .spawn();
    let Ok(child) = started else {
        eprintln!("skipped: there is no python3 to run scripts/webhook-receiver");
        return;
    };
    let mut receiver = Receiver(child);
    let mut line = String::new();
    let output = receiver.0.stdout.take().expect("it is piped");
    let read = BufReader::new(output).read_line(&mut line);
    read.expect("it says where it listens");
    let url = line.trim();
    let clock = ProcessClock::start();
    let ask = async |secrets: &str, wall_ms: i64, event: &Event| {
        let reply = client(url, secrets).ask(clock.now(), wall_ms, event).await;
        reply.map(|reply| (reply.outcome, reply.fields))
    };
    let now_ms = clock.wall_ms(clock.now());
    let (outcome, fields) = ask(SECRET, now_ms, &event("12345678", 1))
        .await
        .expect("a reply");
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(fields["status"].expose(), "已发货");
    // The same request again is the same reply, whatever it holds.
    let again = ask(SECRET, now_ms, &event("0", 1)).await.expect("a reply");
    assert_eq!(again.0, Outcome::Done);
    // While one secret replaces the other, both sign.
    let both = format!("{OTHER}\n{SECRET}");
    let unknown = ask(&both, now_ms, &event("0", 2)).await.expect("a reply");
    assert_eq!(unknown.0, Outcome::NotFound);
    for (secrets, wall_ms) in [(OTHER, now_ms), (SECRET, now_ms - 600_000)] {
        let refused = ask(secrets, wall_ms, &event("12345678", 3)).await;
        assert_eq!(refused, Err(ActionFailure::Status), "{secrets} {wall_ms}");
    }
}
