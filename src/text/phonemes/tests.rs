//! What the model is given to read.

use super::*;
use crate::text::spoken::to_spoken;

/// Clauses joined by what follows them: `|` a short pause, `‖` a long one. Where words begin is the dictionary's business.
#[track_caller]
fn check(text: &str, expected: &str) {
    let mut read = String::new();
    for clause in clauses(&to_spoken(text)) {
        read += &clause.phonemes.replace('/', "");
        read += match clause.pause {
            Pause::None => "",
            Pause::Short => "|",
            Pause::Long => "‖",
        };
    }
    assert_eq!(read, expected, "{text}");
}

#[test]
fn initials_finals_and_tones() {
    check("你好", "ㄋㄧ2ㄏㄠ3");
    check("世界", "ㄕ十4ㄐㄝ4");
    check("四次", "ㄙㄭ4ㄘㄭ4");
    check("日出", "ㄖ十4ㄔㄨ1");
    check("优惠券", "又1ㄏ为4ㄑ元4");
    check("绿色", "ㄌㄩ4ㄙㄜ4");
    check("下雨", "ㄒ压4ㄩ3");
    check("用户", "用4ㄏㄨ4");
    check("问我", "文4我3");
    check("军训", "ㄐ云1ㄒ云4");
    check("女儿", "ㄋㄩ3ㄦ2");
    check("二维码", "ㄦ4为2ㄇㄚ3");
    check("王翁", "王2瓮1");
    check("月", "月4");
}

#[test]
fn tones_change_as_they_are_spoken() {
    // Third before third, 不 before a fourth, 一 before each.
    check("老板好", "ㄌㄠ2ㄅㄢ2ㄏㄠ3");
    check("不对", "ㄅㄨ2ㄉ为4");
    check("不好", "ㄅㄨ4ㄏㄠ3");
    check("一个", "ㄧ2ㄍㄜ4");
    check("一年", "ㄧ4ㄋ言2");
    check("第一", "ㄉㄧ4ㄧ1");
}

#[test]
fn marks_are_pauses() {
    check("您好，请问？好。", "ㄋ阴2ㄏㄠ3,|ㄑ应3文4?‖ㄏㄠ3.‖");
    check("。，", "");
    check("", "");
    check("好！！", "ㄏㄠ3.‖");
}

#[test]
fn english_is_spelt_through() {
    check("下载APP", "ㄒ压4ㄗㄞ4 ˈA pˈi pˈi");
    check("VIP卡", "vˈi ˈI pˈi ㄎㄚ3");
    let letters: String = ('a'..='z').collect();
    assert_eq!(clauses(&letters)[0].phonemes.split(' ').count(), 26);
    assert_eq!(clauses("A1").first().expect("spelt").phonemes, "ˈA ㄧ1");
}

#[test]
fn words_are_kept_apart() {
    let read = clauses("世界世界");
    assert_eq!(read[0].phonemes, "ㄕ十4ㄐㄝ4/ㄕ十4ㄐㄝ4");
}

/// Every sentence of the samples can be read, with every syllable in it.
#[test]
fn the_sentences_of_a_hotline_can_be_read() {
    let samples = include_str!("../pinyin/samples.txt");
    for line in samples.lines() {
        let (text, sounds) = line.split_once('\t').expect("two columns");
        let sounds = sounds.split(' ').filter_map(Syllable::parse);
        for sound in sounds {
            assert!(symbols(&sound.base).is_some(), "{sound} in {text}");
        }
        let read = clauses(text);
        assert!(!read.is_empty(), "{text}");
        let longest = read.iter().map(|clause| clause.phonemes.chars().count());
        // The model reads 510 phonemes at a time.
        assert!(longest.max() < Some(510), "{text}");
    }
}

#[test]
fn every_syllable_of_the_language_has_its_symbols() {
    // One of each initial with each kind of final, and all that stand alone.
    let syllables = "a ai an ang ao e ei en eng er o ou yi ya yan yang yao ye yin ying yo yong you yu yue yuan yun wu wa wai wan \
                     wang wei wen weng wo ng n m bo po mo fo bi pian miao fou die tiu niang liao nv nve lv lve lue gua kuai \
                     huang gui kun huo jia qiong xiu ju que xuan jun zhuang chui shun ruo zi ci si zhi chi shi ri zuan cuo sun \
                     zhei nuo luan zong kuo";
    for syllable in syllables.split_whitespace() {
        let read = symbols(syllable);
        assert!(read.is_some(), "{syllable}");
    }
    assert_eq!(symbols("lue"), symbols("lve"));
    assert_eq!(symbols("xyz"), None);
}
