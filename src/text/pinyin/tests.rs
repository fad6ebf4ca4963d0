//! How sentences sound.

use super::*;

#[test]
fn characters_words_and_marks() {
    let check = |text: &str, expected: &str| assert_eq!(toneless(text).join(" "), expected);
    check("保修，报修", "bao xiu bao xiu");
    check("绿色WiFi 5G", "lv se wifi 5g");
    check("？！", "");
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let spoken: Vec<String> = toned(text)
        .iter()
        .map(|token| match token {
            Token::Hanzi(_, sound) => sound.to_string(),
            Token::Latin(word) => word.clone(),
            Token::Comma => ",".to_owned(),
            Token::Stop | Token::Question => ".".to_owned(),
            Token::Unknown(symbol) => format!("?{symbol}"),
        })
        .collect();
    assert_eq!(spoken.join(" "), expected, "{text}");
}

#[test]
fn polyphones_follow_their_words() {
    check("银行行长", "yin2 hang2 hang2 zhang3");
    check("重新还钱很重", "chong2 xin1 huan2 qian2 hen3 zhong4");
    check("重庆的会计便宜", "chong2 qing4 de5 kuai4 ji4 pian2 yi5");
    check("长大了睡觉", "zhang3 da4 le5 shui4 jiao4");
    check("都市里都了解", "du1 shi4 li3 dou1 liao3 jie3");
    check("空调处理好了", "kong1 tiao2 chu3 li3 hao3 le5");
    check("率先提高利率", "shuai4 xian1 ti2 gao1 li4 lv4");
    check("绿色旅行", "lv4 se4 lv3 xing2");
    check("优惠券", "you1 hui4 quan4");
}

#[test]
fn rows_do_not_reach_across_words() {
    check("照片和面单", "zhao4 pian4 he2 mian4 dan1");
    check("您的货还没收到吗", "nin2 de5 huo4 hai2 mei2 shou1 dao4 ma5");
    check("理财会亏本", "li3 cai2 hui4 kui1 ben3");
    check("可以为您办理", "ke3 yi3 wei4 nin2 ban4 li3");
    check("您拨打的电话", "nin2 bo1 da3 de5 dian4 hua4");
    check("您的确认短信", "nin2 de5 que4 ren4 duan3 xin4");
    check("类似的", "lei4 si4 de5");
    check("系统会计算", "xi4 tong3 hui4 ji4 suan4");
    check("订单于当天", "ding4 dan1 yu2 dang4 tian1");
    check("周六安排", "zhou1 liu4 an1 pai2");
    check("各大城市", "ge4 da4 cheng2 shi4");
    check("通过分期付款", "tong1 guo4 fen1 qi1 fu4 kuan3");
    check("差价补给您", "cha1 jia4 bu3 gei3 nin2");
    check("拿着手机", "na2 zhe5 shou3 ji1");
    check("项目的费用", "xiang4 mu4 de5 fei4 yong4");
    check("这种地方", "zhe4 zhong3 di4 fang5");
    check("办理发票", "ban4 li3 fa1 piao4");
    check("完成都会发", "wan2 cheng2 dou1 hui4 fa1");
    check("本人参加", "ben3 ren2 can1 jia1");
    check("门店长期有效", "men2 dian4 chang2 qi1 you3 xiao4");
    check("算出差价", "suan4 chu1 cha1 jia4");
    check("我得到", "wo3 de2 dao4");
    check("应付金额", "ying1 fu4 jin1 e2");
    check("我还给您准备了", "wo3 hai2 gei3 nin2 zhun3 bei4 le5");
    check("理发", "li3 fa4");
}

#[test]
fn polyphones_of_the_trade() {
    check("足额还上", "zu2 e2 huan2 shang4");
    check("应还金额", "ying1 huan2 jin1 e2");
    check("待还", "dai4 huan2");
    check("提前还", "ti2 qian2 huan2");
    check("还完", "huan2 wan2");
    check("还原", "huan2 yuan2");
    check("还给修吗", "hai2 gei3 xiu1 ma5");
    check("用不了", "yong4 bu4 liao3");
    check("付不了款", "fu4 bu4 liao3 kuan3");
    check("不了，谢谢", "bu4 le5 , xie4 xie5");
    check("打不着火", "da3 bu4 zhao2 huo3");
    check("别着急", "bie2 zhao2 ji2");
    check("铺匀", "pu1 yun2");
    check("非人为损坏", "fei1 ren2 wei2 sun3 huai4");
    check("视为", "shi4 wei2");
    check("均为", "jun1 wei2");
    check("保修期为三年", "bao3 xiu1 qi1 wei2 san1 nian2");
    check("运费为八元", "yun4 fei4 wei2 ba1 yuan2");
    check("为两位客户", "wei4 liang3 wei4 ke4 hu4");
    check("调购买记录", "diao4 gou4 mai3 ji4 lu4");
    check("调换", "diao4 huan4");
    check("重定价日", "chong2 ding4 jia4 ri4");
    check("重试", "chong2 shi4");
    check("重选", "chong2 xuan3");
    check("重填", "chong2 tian2");
    check("重连", "chong2 lian2");
    check("排行", "pai2 hang2");
    check("相应的", "xiang1 ying4 de5");
    check("更好地为您服务", "geng4 hao3 de5 wei4 nin2 fu2 wu4");
    check("三只", "san1 zhi1");
    check("三个只到两个", "san1 ge4 zhi3 dao4 liang3 ge4");
}

#[test]
fn one_and_not_change_their_tone() {
    check("不对", "bu2 dui4");
    check("不好", "bu4 hao3");
    check("一个", "yi2 ge4");
    check("一天", "yi4 tian1");
    check("一起", "yi4 qi3");
    check("看一看", "kan4 yi5 kan4");
    check("第一", "di4 yi1");
    check("一月一号", "yi1 yue4 yi1 hao4");
    check("二零一一", "er4 ling2 yi1 yi1");
    check("十一点", "shi2 yi1 dian3");
    check("统一", "tong3 yi1");
    check("统一安排", "tong3 yi1 an1 pai2");
    check("唯一的", "wei2 yi1 de5");
    check("万一坏了", "wan4 yi1 huai4 le5");
    check("买一送一", "mai3 yi1 song4 yi1");
    check("一级能效", "yi1 ji2 neng2 xiao4");
    check("逾期一天", "yu2 qi1 yi4 tian1");
    check("星期一", "xing1 qi1 yi1");
    check("学期一", "xue2 qi1 yi1");
    check("一到三天", "yi1 dao4 san1 tian1");
    check("一周一次", "yi4 zhou1 yi2 ci4");
    check("周一上班", "zhou1 yi1 shang4 ban1");
    check("三点一刻", "san1 dian3 yi2 ke4");
    check("小一号", "xiao3 yi2 hao4");
    check("慢一点", "man4 yi4 dian3");
    check("一点五", "yi1 dian3 wu3");
    check("五点一", "wu3 dian3 yi1");
}

#[test]
fn marks_are_breaks_and_latin_stays() {
    check("您好，请说。", "nin2 hao3 , qing3 shuo1 .");
    check("，，。下载APP！？", "xia4 zai4 APP .");
    check("连WiFi吗", "lian2 WiFi ma5");
    check("龘", "da2");
}

#[test]
fn the_table_is_sound() {
    for (word, sounds) in TABLE.iter() {
        assert_eq!(word.chars().count(), sounds.len(), "{word}");
    }
    assert!(TABLE.len() > 500);
}

#[test]
fn every_sample_sentence_has_a_sound() {
    for sheet in [
        include_str!("../../../knowledge/appliance.csv"),
        include_str!("../../../knowledge/ecommerce.csv"),
        include_str!("../../../knowledge/service.csv"),
        include_str!("../../../prompts/zh-CN.toml"),
    ] {
        let unknown = toned(sheet)
            .into_iter()
            .find(|token| matches!(token, Token::Unknown(_)));
        assert_eq!(unknown, None);
    }
}

/// Every question and answer of the sample knowledge beside its reading, which a speaker of Chinese has gone through.
const SAMPLES: &str = include_str!("samples.txt");

#[test]
fn the_samples_sound_as_they_were_gone_through() {
    let readings: HashMap<&str, &str> = SAMPLES
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let mut count = 0;
    for sheet in [
        include_str!("../../../knowledge/appliance.csv"),
        include_str!("../../../knowledge/ecommerce.csv"),
        include_str!("../../../knowledge/service.csv"),
    ] {
        // No field of the samples is quoted.
        for row in sheet.lines().skip(1) {
            let fields: Vec<&str> = row.split(',').collect();
            for text in [fields[2], fields[4]]
                .into_iter()
                .chain(fields[3].split('|'))
            {
                let reading = readings
                    .get(text)
                    .unwrap_or_else(|| panic!("no reading of {text}"));
                check(text, reading);
                count += 1;
            }
        }
    }
    assert_eq!(count, readings.len());
}
