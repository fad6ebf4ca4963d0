"""Numbers as callers say them: mobile numbers, order numbers, codes, money, dates, addresses, in hanzi."""

import re

DIGITS = "零一二三四五六七八九"
SPOKEN = "零幺二三四五六七八九"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTER_PAIRS = "KF KFR BCD XQG WF SN PO DD NO QR TV LED USB HD EP SX RT MG".split()
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华建国文辉玉兰红梅春生海燕志强雪晓东婷婷子涵浩宇欣怡梓萱一诺博文雨桐俊杰思远佳琪嘉豪诗涵天宇美玲秀珍凤英德福永康振华立新少峰启航若曦清妍"
CITIES = (
    "北京 上海 广州 深圳 天津 重庆 成都 杭州 武汉 南京 西安 苏州 郑州 长沙 沈阳 青岛 济南 大连 宁波 厦门 福州 无锡 合肥 昆明 哈尔滨 长春 石家庄 太原 南昌 南宁 贵阳 兰州 "
    "海口 温州 佛山 东莞 珠海 中山 惠州 泉州 常州 徐州 扬州 嘉兴 绍兴 台州 金华 烟台 潍坊 临沂 洛阳 襄阳 宜昌 株洲 衡阳 桂林 柳州 遵义 绵阳 唐山 保定 邯郸 廊坊 大同 包头 鞍山 吉林 大庆 "
    "银川 西宁 拉萨 乌鲁木齐 呼和浩特 三亚 汕头 湛江 芜湖 赣州 漳州"
).split()
ROADS = "人民 解放 中山 建设 和平 新华 胜利 长江 黄河 北京 南京 文化 学院 科技 环城 滨江 迎宾 朝阳 光明 幸福 友谊 东风 红旗 青年 工业 花园 湖滨 公园 振兴 团结 延安 中央 体育 机场 火车站 民主 育才".split()
ESTATES = "阳光 花园 金色 世纪 锦绣 翡翠 东方 万科 恒大 碧桂园 保利 绿地 龙湖 香榭 水岸 和谐 御景 华府 丽景 学府 枫林 紫荆 星河 蓝天 幸福".split()


class Numbers:
    """Draws numbers from `rng` (`random.Random`)."""

    def __init__(self, rng):
        self.rng = rng

    def digits(self, count, ones="幺"):
        """`count` digits one by one."""
        text = "".join(self.rng.choice(SPOKEN) for _ in range(count))
        return text.replace("幺", "一") if ones == "一" else text

    def mobile(self):
        """An 11-digit mobile number, alone or in a sentence, in one breath or in groups (3-4-4, 3-3-5, 4-4-3)."""
        rng = self.rng
        number = "幺" + rng.choice("三五七八九") + self.digits(9)
        if rng.random() < 0.08:
            number = number.replace("幺", "一")
        if rng.random() < 0.45:
            sizes = rng.choice([(3, 4, 4), (3, 4, 4), (3, 4, 4), (3, 3, 5), (4, 4, 3), (3, 8), (7, 4)])
            groups, at = [], 0
            for size in sizes:
                groups.append(number[at : at + size])
                at += size
            number = "，".join(groups)
        if rng.random() < 0.05:
            # Some repeat their number or correct it.
            number = number[: rng.randint(3, 7)] + "，" + rng.choice(["不对，", "嗯，", "等一下，"]) + number
        before = rng.choice([""] * 8 + "我的手机号是 电话 手机号 打我电话 号码是 你记一下 我电话 联系电话是 嗯 就是 我留一个 预留的是".split())
        after = rng.choice([""] * 12 + ["对", "就这个", "你记一下", "谢谢", "微信同号"])
        return before + number + after

    def cardinal(self, value):
        """0 to 99,999,999 as a number: 两千零五十, 一万二."""
        if value >= 10_000:
            high, low = divmod(value, 10_000)
            text = self.cardinal(high) + "万"
            if low == 0:
                return text
            return text + ("零" if low < 1_000 else "") + self._below_ten_thousand(low)
        return self._below_ten_thousand(value)

    def _below_ten_thousand(self, value):
        if value < 10:
            return DIGITS[value]
        if value < 20:
            return "十" + (DIGITS[value - 10] if value > 10 else "")
        text, zero = "", False
        for unit, name in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = value // unit % 10
            if digit:
                text += ("零" if zero else "") + ("两" if digit == 2 and unit == 1_000 else DIGITS[digit]) + name
                zero = False
            elif text:
                zero = True
        return text

    def code(self):
        """A product or error code with letters, alone or asked about."""
        rng = self.rng
        letters = rng.choice(LETTER_PAIRS) if rng.random() < 0.4 else "".join(rng.choice(LETTERS) for _ in range(rng.choice([1, 1, 1, 2, 3])))
        code = letters + self.digits(rng.randint(1, 6), rng.choice("幺一"))
        if rng.random() < 0.3:
            code += rng.choice(LETTERS)
        before = rng.choice(["", "", "", "型号是", "显示", "屏幕上报", "故障代码", "订单号", "批次号是", "车牌号京", "车牌是粤", "货号", "座位号是"])
        after = rng.choice(["", "", "", "是什么意思", "怎么办", "还有货吗", "是什么故障", "多少钱"])
        return before + code + after

    def address(self):
        """Part or all of an address."""
        rng = self.rng
        parts = []
        if rng.random() < 0.6:
            parts.append(rng.choice(CITIES) + rng.choice(["", "市"]))
        if rng.random() < 0.4:
            parts.append(rng.choice(ROADS) + rng.choice(["区", "县", "镇", "新区", "街道"]))
        if rng.random() < 0.7:
            parts.append(rng.choice(ROADS) + rng.choice("路街") + (self.cardinal(rng.randint(1, 999)) + "号" if rng.random() < 0.8 else ""))
        if rng.random() < 0.6:
            parts.append(rng.choice(ESTATES) + rng.choice(["小区", "花园", "家园", "公寓", "大厦", "广场", "苑", "城"]))
            parts.append(self.cardinal(rng.randint(1, 40)) + rng.choice(["栋", "号楼", "幢", "座"]))
            if rng.random() < 0.7:
                parts.append(self.cardinal(rng.randint(1, 6)) + "单元" + self.digits(rng.choice([3, 4]), rng.choice("幺一")) + rng.choice(["", "室"]))
        return rng.choice(["", "", "我住在", "地址是", "送到", "我在"]) + ("".join(parts) or rng.choice(CITIES))

    def name(self):
        """A person's name, alone or introduced."""
        rng = self.rng
        name = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice([1, 2, 2])))
        return rng.choice(["", "我叫", "我是", "姓名", "收件人", "户主是", "名字是", "联系人"]) + name

    def money(self):
        rng = self.rng
        value = rng.choice([rng.randint(1, 99), rng.randint(100, 9_999), rng.randint(1, 99) * 100, rng.randint(10_000, 500_000)])
        text = self.cardinal(value).replace("二百", rng.choice(["两百", "二百"]))
        if rng.random() < 0.25:
            text += "点" + self.digits(rng.randint(1, 2), "一")
        unit = rng.choice(["块", "块钱", "元", "元钱", "人民币", "块五", "块八毛"] if rng.random() < 0.7 else ["度", "个月", "公里", "平米", "斤", "小时", "分钟", "次", "件", "天"])
        return rng.choice(["", "", "一共", "扣了我", "大概", "退我", "价格是", "充了", "还差", "才"]) + text + unit

    def date(self):
        rng = self.rng
        parts = []
        if rng.random() < 0.3:
            parts.append(rng.choice(["二零二五年", "二零二六年", "二零二四年", "去年", "今年", "明年"]))
        parts.append(rng.choice([self.cardinal(rng.randint(1, 12)) + "月" + self.cardinal(rng.randint(1, 31)) + rng.choice(["号", "日"])] * 3 + ["今天", "明天", "后天", "昨天", "下周" + rng.choice("一二三四五六日"), "星期" + rng.choice("一二三四五六天"), "这个周末"]))
        if rng.random() < 0.6:
            hour = rng.choice(["上午", "下午", "晚上", "早上", "中午", ""]) + self.cardinal(rng.randint(1, 12)).replace("二", "两") .replace("十两", "十二")+ "点"
            parts.append(hour + rng.choice(["", "", "半", "一刻", self.cardinal(rng.randint(10, 59)) + "分", "左右", "以后", "之前"]))
        return rng.choice(["", "", "我约的是", "改到", "就", "想定"]) + "".join(parts)

    def any(self):
        """Digits of other lengths, amounts, dates, addresses, names."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.38:
            length = rng.choice([2, 3, 4, 4, 4, 6, 6, 8, 10, 12, 16, 18])
            ones = rng.choice("幺幺幺一")
            text = self.digits(length, ones)
            if length > 6 and rng.random() < 0.5:
                text = "，".join(re.findall(".{1,4}", text))
            before = rng.choice([""] * 6 + "订单号是 尾号 验证码 卡号 身份证号 后四位是 工单号 会员号 运单号 分机 固定电话零 合同编号".split())
            return before + text
        if kind < 0.54:
            return self.money()
        if kind < 0.70:
            return self.date()
        return self.address() if kind < 0.86 else self.name()
