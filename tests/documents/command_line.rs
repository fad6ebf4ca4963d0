//! A business's way from a workbook to a published version and back, by the command line.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::making::{rows, xlsx};

struct Business {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Business {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("yingda.toml");
        let text = format!(
            "prompts = '{root}/prompts'\n[storage]\ndatabase = 'data/yingda.db'\n[synthesis]\ncache = '{cache}'\n\
             [retrieval]\nencoder = 'none'\n[[business]]\nid = 'appliance'\nname = '安心家电'\n\
             [[business.line]]\nnumber = '4008001001'\nknowledge = '{root}/knowledge/appliance.csv'\n",
            root = root.display(),
            cache = Path::new(env!("CARGO_TARGET_TMPDIR"))
                .join("speech")
                .display(),
        );
        std::fs::write(&config, text).expect("written");
        Self { folder, config }
    }

    fn document(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> (bool, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_yingda"))
            .arg("faq")
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .current_dir(self.folder.path())
            .output()
            .expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (
            output.status.success(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let (good, out, errors) = self.run(arguments);
        assert!(good, "{arguments:?}: {errors}");
        out
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let (good, out, errors) = self.run(arguments);
        assert!(!good, "{arguments:?}: {out}");
        errors
    }
}

#[test]
fn from_a_workbook_to_callers_and_back() {
    let business = Business::new();
    let book = xlsx(&rows(&[
        &["标准问", "相似问", "答案", "备注"],
        &[
            "停车收费吗",
            "停车要钱吗|停车场多少钱",
            "地下车库一小时１５元",
            "x",
        ],
        &["", "", "没有问题的答案。", ""],
    ]));
    let book = business.document("停车.xlsx", &book);
    let out = business.ok(&["import", "appliance", &book]);
    for expected in [
        "sheet `Sheet`",
        "row 3",
        "REFUSED",
        "1 entries;",
        "nothing is published yet",
    ] {
        let expected = expected.replace("Sheet", "问答");
        assert!(out.contains(&expected), "{expected}: {out}");
    }
    let asked = &["test", "appliance", "停车收费吗", "--of", "published"];
    assert!(!business.ok(asked).contains("15元"));
    assert!(
        business
            .ok(&["test", "appliance", "停车场多少钱"])
            .contains("一小时15元")
    );
    let difference = business.ok(&["diff", "appliance"]);
    assert!(difference.contains("停车收费吗"), "{difference}");

    let out = business.ok(&["publish", "appliance", "--note", "停车"]);
    assert_eq!(
        out,
        "appliance/appliance version 2 is published; new calls get it\n"
    );
    assert!(business.ok(asked).contains("一小时15元"));
    let sheet = business.ok(&["export", "appliance"]);
    assert!(sheet.starts_with("\u{feff}id,"), "{sheet}");

    // The sheet brings back what it was written from.
    let sheet = business.document("again.csv", sheet.as_bytes());
    business.ok(&["import", "appliance", &sheet, "--replace"]);
    assert_eq!(business.ok(&["diff", "appliance"]), "no difference\n");

    let out = business.ok(&["rollback", "appliance"]);
    assert_eq!(
        out,
        "appliance/appliance version 3 is published, with what 1 had; new calls get it\n"
    );
    assert!(!business.ok(asked).contains("15元"));
    let versions = business.ok(&["list", "appliance"]);
    assert!(
        versions.contains("rollback to 1") && versions.contains("停车"),
        "{versions}"
    );
}

#[test]
fn what_is_wrong_is_said_and_changes_nothing() {
    let business = Business::new();
    let before = business.ok(&["list"]);
    let broken = business.document("坏.xlsx", b"PK\x03\x04 and no more");
    let errors = business.refused(&["import", "appliance", &broken]);
    assert!(
        errors.contains("坏.xlsx") && errors.contains("archive"),
        "{errors}"
    );
    let empty = business.document("空.csv", "问题,答案\n,\n".as_bytes());
    let errors = business.refused(&["import", "appliance", &empty]);
    assert!(errors.contains("空.csv"), "{errors}");
    let good = business.document("好.csv", "问题,答案\n几点,九点。\n".as_bytes());
    business.ok(&["import", "appliance", &good, "--dry-run"]);
    assert_eq!(business.ok(&["list"]), before);

    let two = "问题,答案\n几点开门,九点。\n几点开门呀,\n";
    let two = business.document("两.csv", two.as_bytes());
    business.ok(&["import", "appliance", &two]);
    let placeholder = "编号,问题,答案\nX1,运费多少,待补充\n";
    let placeholder = business.document("占位.csv", placeholder.as_bytes());
    business.ok(&["import", "appliance", &placeholder]);
    let errors = business.refused(&["check", "appliance"]);
    assert!(errors.contains("cannot be published"), "{errors}");
    let errors = business.refused(&["publish", "appliance"]);
    assert!(errors.contains("`X1`"), "{errors}");
    assert!(
        business
            .refused(&["import", "nothing", &two])
            .contains("there is no knowledge base")
    );
}
