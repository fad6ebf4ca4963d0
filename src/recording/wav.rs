//! A stereo WAV that is playable while it grows.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{Finished, RecordingError};

/// 《人工智能生成合成内容标识办法》Art. 5: the label in the metadata of a file that holds synthetic speech.
const LABEL: &str = r#"{"AIGC":{"Label":"1","ContentProducer":"Yingda"}}"#;

/// Where the data's length stands, which depends on the length of the label.
const fn data_length_at(label: usize) -> u64 {
    // RIFF header 12, fmt 24, LIST header 12, ICMT header 8, label, `data`.
    12 + 24 + 12 + 8 + label as u64 + 4
}

#[derive(Debug)]
pub(super) struct WavFile {
    path: PathBuf,
    file: File,
    data: u64,
    failed: Option<std::io::Error>,
}

fn label() -> Vec<u8> {
    let mut label = LABEL.as_bytes().to_vec();
    label.push(0);
    if label.len() % 2 == 1 {
        label.push(0);
    }
    label
}

impl WavFile {
    pub(super) fn create(path: &Path) -> std::io::Result<Self> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let label = label();
        let mut header = Vec::with_capacity(128);
        header.extend(b"RIFF\0\0\0\0WAVEfmt ");
        header.extend(16u32.to_le_bytes());
        // PCM, two channels, 8,000 Hz, 32,000 bytes a second, 4 bytes a sample pair, 16 bits.
        header.extend(1u16.to_le_bytes());
        header.extend(2u16.to_le_bytes());
        header.extend(8_000u32.to_le_bytes());
        header.extend(32_000u32.to_le_bytes());
        header.extend(4u16.to_le_bytes());
        header.extend(16u16.to_le_bytes());
        header.extend(b"LIST");
        header.extend((4 + 8 + label.len() as u32).to_le_bytes());
        header.extend(b"INFOICMT");
        header.extend((label.len() as u32).to_le_bytes());
        header.extend(&label);
        header.extend(b"data\0\0\0\0");
        file.write_all(&header)?;
        let mut wav = Self {
            path: path.to_owned(),
            file,
            data: 0,
            failed: None,
        };
        wav.update_sizes()?;
        Ok(wav)
    }

    /// Appends interleaved samples and brings the sizes up to date. A failure is kept for the end.
    pub(super) fn append(&mut self, samples: &[i16]) {
        if self.failed.is_some() {
            return;
        }
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        let written = self.file.write_all(&bytes).and_then(|()| {
            self.data += bytes.len() as u64;
            self.update_sizes()
        });
        self.failed = written.err();
    }

    fn update_sizes(&mut self) -> std::io::Result<()> {
        let place = data_length_at(label().len());
        // A WAV cannot tell more than 4 GiB, which is 37 hours.
        let data = u32::try_from(self.data).unwrap_or(u32::MAX);
        self.file.seek(SeekFrom::Start(place))?;
        self.file.write_all(&data.to_le_bytes())?;
        self.file.seek(SeekFrom::Start(4))?;
        self.file
            .write_all(&data.saturating_add(place as u32 - 4).to_le_bytes())?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Finished, RecordingError> {
        let hashed = match self.failed.take() {
            Some(error) => Err(error),
            None => self.hash(),
        };
        let sha256 = hashed.map_err(|error| RecordingError::Io {
            file: self.path.clone(),
            error,
        })?;
        Ok(Finished {
            samples: self.data / 4,
            sha256,
        })
    }

    fn hash(&mut self) -> std::io::Result<String> {
        self.file.sync_data()?;
        self.file.seek(SeekFrom::Start(0))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.file.read(&mut buffer)? {
                0 => break,
                count => hash.update(&buffer[..count]),
            }
        }
        Ok(hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_playable_after_every_block_and_carries_its_label() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.wav");
        let mut file = Box::new(WavFile::create(&path).expect("made"));
        for blocks in 0..3u32 {
            let reader = hound::WavReader::open(&path).expect("playable");
            assert_eq!(reader.duration(), blocks * 100);
            file.append(&[5; 200]);
        }
        let bytes = std::fs::read(&path).expect("read");
        assert!(bytes.windows(6).any(|window| window == b"\"AIGC\""));
        assert_eq!(
            u32::from_le_bytes(bytes[4..8].try_into().expect("four")),
            bytes.len() as u32 - 8
        );
        assert_eq!(file.finish().expect("whole").samples, 300);
    }
}
