"""Text for the labelled set by kind: sentences put together from word lists, and characters at random.

Nothing here is a quotation. Every fifth line of Chinese is characters at random, so that no language model
can guess all of it.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

Random = np.random.Generator

#: GB 2312, rows 16 to 55: the characters of everyday Chinese.
HANZI: Final = "".join(
    bytes((row, cell)).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFA if row == 0xD7 else 0xFF)
)
#: Every so many lines are characters at random.
_RANDOM_LINES: Final = 5


def _list(words: str, mark: str | None = None) -> list[str]:
    """Return what is separated by spaces or a mark."""
    return [word.strip() for word in words.split(mark)]


TIMES: Final = _list(
    """今天 昨天 明天早上 上个月 本周五 去年冬天 傍晚 每天清晨 三月初 节日期间 下午两点 深夜
周末 雨后 最近几年 开学以后 秋收时节 会议结束后 中午 那时候"""
)
PLACES: Final = _list(
    """在车站旁边 在图书馆里 在河对岸 在北方的小城 在市场门口 在学校操场 在医院大厅 在山脚下
在仓库 在办公室 在海边 在新建的桥上 在院子里 在展览中心 在路口 在机场 在厨房
在村子东头 在银行柜台 在实验室"""
)
PEOPLE: Final = _list(
    """老师 工程师 店主 邮递员 医生 几位邻居 年轻的司机 售票员 摄影师 检查人员 孩子们 木匠
值班护士 作者 参观的客人 仓库管理员 爷爷 编辑 农民 修理工 同事 厨师 学生代表 设计师
画家"""
)
VERBS: Final = _list(
    """整理了 带来 修好了 仔细检查 重新安排 发现 买下 介绍了 收到 记录了 打开 送走 翻译了
称量 准备好 放下 描述了 测量了 包装好 寄出 打扫干净 讨论了 挑选了 保存了 计算出"""
)
THINGS: Final = _list(
    """一份报告 旧地图 两箱苹果 新的合同 窗户 蓝色雨伞 重要文件 晚餐 一台机器 厚厚的词典
木头桌子 热茶 照片 生日礼物 机票 电子邮件 全部零件 羊毛围巾 天气数据 书信 瓷器 第三章
药品清单 颜料 铁门钥匙 温度 发票 自行车 竹篮 年度计划"""
)
ENDINGS: Final = _list(
    """大家都很满意 结果比预期更好 费用由公司承担 请按时归还 因此路上耽误了 现在一切正常
声音渐渐远去 需要再次确认 数量没有变化 颜色十分鲜艳 灯光照亮了街道 空气中有桂花的香味
质量符合标准 请保持安静 他们终于放心了 说明书在盒子里 价格略有上涨 风吹动树叶"""
)

TRADITIONAL: Final = (
    _list(
        """今天 昨天 明天早上 上個月 去年冬天 傍晚 節日期間 下午兩點 週末 雨後 最近幾年 開學以後
會議結束後"""
    ),
    _list(
        """在車站旁邊 在圖書館裡 在河對岸 在學校操場 在醫院大廳 在辦公室 在海邊 在新建的橋上
在展覽中心 在機場 在廚房 在銀行櫃檯 在實驗室 在倉庫"""
    ),
    _list(
        """老師 工程師 店主 郵遞員 醫生 幾位鄰居 年輕的司機 售票員 攝影師 檢查人員 孩子們 護士
編輯 農民 學生代表 設計師 畫家 爺爺"""
    ),
    _list(
        """整理了 帶來 仔細檢查 重新安排 發現 買下 介紹了 收到 記錄了 打開 翻譯了 準備好 測量了
寄出 討論了 挑選了 計算出 包裝好"""
    ),
    _list(
        """一份報告 舊地圖 兩箱蘋果 新的合約 窗戶 藍色雨傘 重要檔案 晚餐 一臺機器 厚厚的詞典 熱茶
照片 生日禮物 機票 電子郵件 全部零件 羊毛圍巾 天氣資料 書信 藥品清單 顏料 鐵門鑰匙
發票 單車 竹籃 年度計畫"""
    ),
    _list(
        """大家都很滿意 結果比預期更好 費用由公司承擔 請按時歸還 現在一切正常 聲音漸漸遠去
需要再次確認 數量沒有變化 顏色十分鮮豔 燈光照亮了街道 品質符合標準 請保持安靜
他們終於放心了 價格略有上漲 說明書在盒子裡 風吹動樹葉"""
    ),
)
#: Characters of traditional writing, for its lines at random.
TRADITIONAL_HANZI: Final = (
    "萬與業東絲兩嚴喪個豐臨為麗舉義烏樂喬習鄉書買亂爭虧雲亞產畝親億僅從侖倉儀們價眾優會傘偉傳傷倫偽體"
    "傭儲兒黨蘭關興養獸內岡冊寫軍農馮決況凍淨準涼減湊鳳憑凱擊劃劉則剛創刪別劇勸辦務動勵勞勢區醫華協單賣"
    "盧衛卻廠廳歷厲壓厭廁廈廚縣參雙發變敘疊號嘆嚇嗎啟吳員響問啞嘩嘔嘗嘯園圍國圖圓聖場壞塊堅壇墳壘墾墊"
    "牆壯聲殼壺處備復夠頭誇夾奪奮獎婦媽嫵嬌孫學寧實寵審憲宮寬賓對尋導壽將爾塵層屬歲豈島嶺峽嶄幣帥師帳帶"
    "幫幹廣慶廬庫應廟龐廢開異棄張彈強歸當錄徹徑憶懷態慘慣憤願慮懶戀戲戰戶撲執擴掃揚擾撫拋搶護報擔擬攏揀擁"
)

JAPANESE: Final = (
    _list(
        """今日は きのうの夜 来週の月曜日に 毎朝 三月の終わりに 夏休みの間 雨の日には
午後になると 先月から"""
    ),
    _list(
        """駅の前で 図書館の二階で 川の向こうで 学校の庭で 海の近くで 新しい橋の上で 台所で
会議室で 公園のベンチで"""
    ),
    _list(
        """先生が 友だちが 店の人が 若い画家が 祖母が となりの子どもが 運転手が わたしたちは
技術者が 記者が"""
    ),
    _list(
        """を見つけました。 を買いました。 を直しています。 を送りました。 を調べました。
を並べました。 を読んだ。 を作ります。 を忘れてしまった。 を受け取りました。"""
    ),
    _list(
        """古い地図 赤いカバン 大きなテーブル 新しいコンピューター 手紙 りんごとバナナ
温かいコーヒー カメラのレンズ 予定表 白いシャツ 小さなラジオ レポート 自転車 チケット
青い傘 ノート エレベーターの写真"""
    ),
    _list(
        """とても静かです とても便利だ ありがとうございます 値段は少し高い 風がやさしく吹いた
また来てください 気温が上がりました ドアを閉めてください よく晴れている 道が混んでいた"""
    ),
)

ENGLISH: Final = (
    _list("""The A This That Every Our Another Each"""),
    _list(
        """quiet yellow broken modern wooden heavy careful ancient narrow bright frozen distant
gentle curious empty metal public simple northern crowded hidden patient"""
    ),
    _list(
        """teacher driver engine window ticket market bridge garden letter doctor captain report
harbour kitchen camera village station pencil museum river blanket number basket
village journal mirror lantern"""
    ),
    _list(
        """carries follows opens describes measures repairs crosses remembers protects replaces
finds covers collects delivers explains watches"""
    ),
    _list(
        """beside the wall, under heavy rain, before sunrise, for three hours, without a word,
near the old mill, at half past six, on the second floor, in every season,
after the meeting""",
        ",",
    ),
    _list(
        """while nobody is looking. and then returns home. because it was late.
until the bell rings. as he said. but the price is fair. so we kept it.
and that is all. which took a week""",
        ".",
    ),
)
_JOBS: Final = _list("invoice order delivery receipt account parcel balance deposit service version")


def pick(rng: Random, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(0, len(choices)))].strip()


def digits(rng: Random, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))


def number(rng: Random) -> str:
    """Return a date, a time, a price, a telephone number, a code, a size, a percentage or a sum."""
    low = int(rng.integers(1, 13))
    code = "".join(pick(rng, "ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(2))
    return (
        f"20{digits(rng, 2)}-{low:02}-{rng.integers(1, 29):02}",
        f"{rng.integers(0, 24):02}:{rng.integers(0, 60):02}:{rng.integers(0, 60):02}",
        f"{rng.integers(1, 99999):,}.{digits(rng, 2)}",
        f"0{digits(rng, 2)}-{digits(rng, 8)}",
        f"{code}{digits(rng, 6)}/{digits(rng, 2)}",
        f"{digits(rng, 3)}.{digits(rng, 1)}%",
        f"{digits(rng, 4)}+{digits(rng, 3)}={digits(rng, 4)}",
        digits(rng, int(rng.integers(8, 17))),
    )[int(rng.integers(0, 8))]


def numbers(rng: Random, _length: int = 0) -> str:
    """Return a line of numbers, two or three of them."""
    return "  ".join(number(rng) for _ in range(int(rng.integers(2, 4))))


def hanzi(rng: Random, count: int, characters: str = HANZI) -> str:
    return "".join(characters[i] for i in rng.integers(0, len(characters), count))


def _sentence(rng: Random, lists: Sequence[Sequence[str]]) -> str:
    times, places, people, verbs, things, endings = lists
    told = pick(rng, times) + pick(rng, places) + pick(rng, people) + pick(rng, verbs) + pick(rng, things)
    return f"{told}，{pick(rng, endings)}。"


def _line(rng: Random, length: int, lists: Sequence[Sequence[str]], at_random: str) -> str:
    if rng.integers(0, _RANDOM_LINES) == 0:
        return hanzi(rng, length, at_random)
    return _part(rng, length, lambda: _sentence(rng, lists))


def _part(rng: Random, length: int, say: Callable[[], str]) -> str:
    """Return a part of running text that begins anywhere, though not with a mark."""
    text = say() + say()
    first = int(rng.integers(0, len(text)))
    while len(text) < first + length + 2:
        text += say()
    return text[first:].lstrip("，。")[:length]


def simplified(rng: Random, length: int) -> str:
    """Return a line of simplified Chinese."""
    return _line(rng, length, (TIMES, PLACES, PEOPLE, VERBS, THINGS, ENDINGS), HANZI)


def traditional(rng: Random, length: int) -> str:
    """Return a line of traditional Chinese."""
    return _line(rng, length, TRADITIONAL, TRADITIONAL_HANZI)


def japanese(rng: Random, length: int) -> str:
    """Return a line of Japanese: kanji, hiragana, katakana."""
    times, places, people, verbs, things, endings = JAPANESE

    def say() -> str:
        told = pick(rng, times) + pick(rng, places) + pick(rng, people) + pick(rng, things)
        return f"{told}{pick(rng, verbs).rstrip('。')}。{pick(rng, endings)}。"

    return _part(rng, length, say)


def english(rng: Random, length: int) -> str:
    """Return a line of English: whole words, about so many characters."""
    articles, adjectives, nouns, verbs, adverbs, endings = ENGLISH

    def say() -> str:
        told = f"{pick(rng, articles)} {pick(rng, adjectives)} {pick(rng, nouns)} {pick(rng, verbs)} the "
        return f"{told}{pick(rng, nouns)} {pick(rng, adverbs)}, {pick(rng, endings)}. "

    words = (say() + say() + say()).split()
    left = words[int(rng.integers(0, len(words) // 2)) :]
    text = left.pop(0)
    while left and len(text) + len(left[0]) < length:
        text += " " + left.pop(0)
    return text


def mixed(rng: Random, length: int) -> str:
    """Return a line of Chinese with English words and numbers in it."""
    text = pick(rng, PEOPLE) + pick(rng, VERBS) + pick(rng, THINGS) + "，"
    text += f"{pick(rng, _JOBS).upper()} {number(rng)}，{pick(rng, ENDINGS)}"
    return text[: max(length, 24)].rstrip(" ，-/+=.,:")


def without_marks(text: str) -> str:
    """Return a text without what stands elsewhere in a column: punctuation and spaces."""
    return "".join(character for character in text if character not in string.punctuation + "，。、：； ")


def label_and_value(rng: Random) -> tuple[str, str]:
    """Return what stands left and right in a row of a form, a screen or a receipt."""
    label = pick(rng, [*THINGS, *PEOPLE])
    value: Any = (number, lambda r: pick(r, ENDINGS)[:6], lambda r: pick(r, _JOBS))[int(rng.integers(0, 3))]
    return label, value(rng)
