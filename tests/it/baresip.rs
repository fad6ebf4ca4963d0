//! Calls with `baresip`, a softphone that is not ours, as caller and as agent. Skipped, with a plain message, where the
//! program is missing.

use std::{
    fmt::Write as _,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use yingda::{
    call::{Digit, Disposition, EndCause, Party},
    clock::ProcessClock,
    simulator::{
        clip::write_wav,
        leg::{Leg, LegState, Waited},
    },
};

use super::{
    server::{Server, caller, eventually, invite},
    sounds::{channel, correlation, silence, tones},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A softphone that plays a WAV, 8 kHz. Killed when dropped.
struct Phone {
    process: Child,
    folder: tempfile::TempDir,
    address: String,
}

impl Phone {
    /// Starts one that says `samples`, does `command`, and answers what comes in. `None` when there is no baresip.
    fn start(samples: &[i16], command: &str) -> Option<Self> {
        if Command::new("baresip").arg("-h").output().is_err() {
            eprintln!("SKIPPED: baresip is not installed (Debian: apt install baresip-core)");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let sound = path("says.wav");
        write_wav(&sound, samples).expect("written");
        let port = two_free_ports();
        let address = format!("127.0.0.1:{port}");
        let write = |name: &str, text: &str| std::fs::write(path(name), text).expect("written");
        write(
            "accounts",
            &format!("<sip:agent@{address}>;regint=0;answermode=auto;audio_codecs=PCMA/8000/1\n"),
        );
        write("contacts", "");
        write("config", &config(&address, &sound, folder.path()));
        let mut program = Command::new("baresip");
        program.arg("-4").arg("-f").arg(folder.path());
        if !command.is_empty() {
            program.args(["-e", command]);
        }
        let process = program
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("baresip runs");
        Some(Self {
            process,
            folder,
            address,
        })
    }

    /// What it heard. It cuts out what it did not receive.
    fn heard(&self) -> Vec<i16> {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder is there");
        let names = files.filter_map(|file| Some(file.ok()?.path()));
        let mut dumps: Vec<PathBuf> = names
            .filter(|file| file.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        dumps.sort();
        let dump = dumps.last().expect("it heard something");
        // The sizes in the header are written at the end of the call, which a killed phone does not see.
        let bytes = std::fs::read(dump).expect("read");
        let samples = bytes.get(44..).unwrap_or_default().chunks_exact(2);
        samples
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// baresip binds the port after its own as well, for TLS.
fn two_free_ports() -> u16 {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("bound").port();
        if port < 65_000 && UdpSocket::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

fn config(address: &str, sound: &Path, folder: &Path) -> String {
    let mut text = String::new();
    for line in [
        "poll_method epoll".to_owned(),
        format!("sip_listen {address}"),
        "net_interface 127.0.0.1".to_owned(),
        format!("audio_source aufile,{}", sound.display()),
        "audio_player aubridge,nil".to_owned(),
        "audio_alert aubridge,nil".to_owned(),
        "ausrc_srate 8000".to_owned(),
        "auplay_srate 8000".to_owned(),
        "ausrc_channels 1".to_owned(),
        "auplay_channels 1".to_owned(),
        "audio_buffer 20-160".to_owned(),
        "jitter_buffer_delay 2-10".to_owned(),
        "module_path /usr/lib/baresip/modules".to_owned(),
        format!("snd_path {}", folder.display()),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    }
    for module in ["g711", "sndfile", "aubridge", "aufile"] {
        let _ = writeln!(text, "module {module}.so");
    }
    for module in ["uuid", "account"] {
        let _ = writeln!(text, "module_tmp {module}.so");
    }
    for module in ["contact", "menu"] {
        let _ = writeln!(text, "module_app {module}.so");
    }
    text
}

fn joined(parts: &[&[i16]]) -> Vec<i16> {
    parts.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_calls_and_both_sides_hear_each_other() {
    let server = Server::start(None, |_| {}).await;
    let said = tones(3, 1.5);
    // It hangs up at the end of its sound. The greeting takes some fifteen seconds, and the recording begins in it.
    let sound = joined(&[
        silence(18.0).samples(),
        said.samples(),
        silence(4.0).samples(),
    ]);
    let dial = format!("/dial sip:4008001001@{}", server.sip);
    let Some(phone) = Phone::start(&sound, &dial) else {
        return;
    };
    let calls = server.closed_calls(1).await;
    let cdr = calls[0].cdr.as_ref().expect("closed");
    assert_eq!((cdr.ended_by, cdr.cause), (Party::Caller, EndCause::Hangup));
    let store = server.store().await;
    let recording = store.recording(calls[0].call).await.expect("read");
    store.close().await;
    let file = recording.expect("one").file;
    let file = server.folder.path().join("recordings").join(file);
    let received = correlation(said.samples(), &channel(&file, 0));
    // The second second of what the bot said on record.
    let spoken = &channel(&file, 1)[8_000..16_000];
    let sent = correlation(spoken, &phone.heard());
    assert!(received > 0.99 && sent > 0.99, "{received} {sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_is_the_agent_and_both_sides_hear_each_other() {
    let from_agent = tones(5, 1.5);
    // The brief takes some eight seconds of it.
    let sound = joined(&[
        silence(13.0).samples(),
        from_agent.samples(),
        silence(40.0).samples(),
    ]);
    let Some(phone) = Phone::start(&sound, "") else {
        return;
    };
    let address = phone.address.parse().expect("an address");
    let server = Server::start(Some(address), |_| {}).await;
    let clock = ProcessClock::start();
    let endpoint = caller().await;
    let invite = invite(&server, "4008001001");
    let mut leg = Leg::dial(&endpoint, invite, server.sip.ip(), clock)
        .await
        .expect("sent");
    let talking = leg
        .until(PATIENCE, |state, phone| {
            let talking = matches!(state, LegState::Talking { .. });
            (talking && phone.received > 50).then_some(())
        })
        .await;
    assert_eq!(talking, Waited::Came(()));
    let pressed = leg.now();
    leg.phone.press(vec![Digit::new('0').expect("a key")]).await;
    let quiet = Duration::from_secs(7);
    let heard = leg
        .until(PATIENCE, |_, phone| {
            phone
                .hearing
                .has_spoken_since(pressed, phone.now, quiet)
                .then_some(())
        })
        .await;
    assert_eq!(heard, Waited::Came(()), "the agent is heard");
    let from_caller = tones(9, 1.5);
    leg.phone.play(from_caller.clone()).await;
    let ticket = leg.phone.play(silence(1.0)).await;
    let said = leg
        .until(PATIENCE, |_, phone| {
            (phone.finished >= ticket).then_some(())
        })
        .await;
    assert_eq!(said, Waited::Came(()));
    leg.end().await;
    let over = leg.now();
    let tape = leg.put_away().await;
    let to_caller = correlation(from_agent.samples(), tape.between(pressed, over));
    let to_agent = eventually("the phone wrote what it heard", async || {
        let likeness = correlation(from_caller.samples(), &phone.heard());
        (likeness > 0.5).then_some(likeness)
    })
    .await;
    assert!(
        to_caller > 0.99 && to_agent > 0.99,
        "{to_caller} {to_agent}"
    );
    let calls = server.closed_calls(1).await;
    let cdr = calls[0].cdr.as_ref().expect("closed");
    assert_eq!(cdr.disposition, Disposition::HandedOver);
}
