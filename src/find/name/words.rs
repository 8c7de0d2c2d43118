//! What the search for names knows by heart: family names, syllables of given names, words that stand beside names, and
//! words that only look like names.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use crate::kind::person_name::COMPOUND;

/// Family names of one syllable that many people have (Statistics Korea, census of 2015).
const SURNAMES: &str = "김이박최정강조윤장임한오서신권황안송류유홍전고문손양배백허남심노하곽성차주우구민나진지엄채원천방공현함변염여추도석선설마길연위표명기반왕금옥육인맹제모탁국라봉";

/// Syllables of which given names are made.
const GIVEN: &str = "가강건겸경계고관광교구국권규균근금기길나난남노누늘다단달담대덕도동두득라락란람랑래량려련렬령례로록룡루류률륜름리린림마만말매명목무묵문미민바반배백범벽별병보복봄봉부분비빈빛사산삼상새샘생서석선설섭성세소솔송수숙순슬승시식신실심아안애양언여연열염엽영예오옥온완왕용우욱운웅원월위유윤율융은을음의이익인일임자장재전정제조종주준중지진차찬창채천철청초추춘출충치친칠태택평표필하학한해향허헌혁현협형혜호홍화환황회효후훈휘휴흔흠흥희힘";

/// What stands behind a name in its word and belongs to the sentence.
const PARTICLES: &str = "\
    이 가 은 는 을 를 의 와 과 도 만 에게 에게서 께 께서 께서는 한테 으로 로 에서 이고 고 이며 며 이라 라 이라고 \
    라고 이라는 라는 입니다 이에요 예요 이다 인 이요 요 이나 처럼 보다 부터 까지 및 외 측 에게도 씨 이랑 랑 으로부터 \
    로부터 이가 이는 만의 과의 와의 에게는 께는 라는데 이라는데 이라며 라며 에게로 에게서는 과는 와는 이란 란 \
    이었습니다 였습니다 이었다 였다";

/// What people are called by behind their names.
const TITLES: &str = "\
    님 씨 군 양 옹 귀하 귀중 여사 여사님 선생 선생님 교수 교수님 박사 박사님 변호사 변호사님 회계사 세무사 법무사 \
    노무사 변리사 판사 부장판사 검사 의사 간호사 약사 한의사 전문의 전공의 원장 원장님 과장 과장님 차장 차장님 부장 \
    부장님 대리 대리님 사원 주임 주임님 계장 팀장 팀장님 파트장 실장 실장님 본부장 센터장 국장 처장 청장 서장 소장 \
    지점장 점장 이사 이사님 상무 상무이사 전무 전무이사 대표 대표님 대표이사 사장 사장님 부사장 회장 회장님 부회장 \
    총무 간사 위원 위원장 의원 장관 차관 주무관 사무관 서기관 이사관 행정관 연구원 연구위원 책임 수석 선임 매니저 \
    경위 경감 경사 경장 경정 순경 형사 수사관 조사관 감독관 소방관 기자 작가 감독 선수 코치 강사 교사 교감 교장 학생 \
    학부모 어르신 환자 환자분 고객 고객님 회원 회원님 기사 기사님 담당자 담당 목사 배상 드림 올림 사회복지사 상담사 \
    상담원 전결";

/// Who else is addressed with `님`.
const ADDRESSED: &str = "선배 신부 신랑 장모 장인 고모 이모 조상 임금 도련 하느 주인 손 여러분 여보 공주 왕자 선녀 도사 기장 조원 임원 지부장";

/// Words that announce a name and little else.
const NAMES: &str = "\
    이름 성명 성함 고객명 신청자명 신청인명 회원명 환자명 수검자명 후보자명 지원자명 예금주 예금주명 수령인 수취인 \
    수취인명 받는분 받는사람 보내는사람 보내는분 주문자명 담당자명 입금자명 보호자명 학생명 대표자명 사용자명 \
    가입자명 명의자 명의인 본명 한글명 한글표기 한글성명 실명 작성자명 영문명 영문성명 영문이름 한글이름 납세자명 \
    소유자명 거래처명 본인성명 피보험자명 계약자명 응시자명 참가자명";

/// Words for people that stand before a name: what they do, what they are to somebody.
const ROLES: &str = "\
    담당자 담당 담당관 대표 책임자 관리자 신청인 신청자 신고인 신고자 민원인 진정인 청구인 피청구인 고소인 피고소인 \
    고발인 고소대리인 원고 피고 피고인 피의자 피해자 가해자 진술인 참고인 증인 채권자 채무자 항소인 피항소인 상고인 \
    피상속인 상속인 매도인 매수인 임대인 임차인 공동임차인 양도인 양수인 위임인 수임인 대리인 법정대리인 소송대리인 \
    변호인 소유자 소유주 점유자 사용자 근로자 소근로자 사업주 점주 대표자 대표이사 대표변호사 계약자 피보험자 수익자 \
    가입자 등록자 조회자 작성자 기안자 기안 검토자 결재자 협조자 승인자 확인자 발급자 접수자 처리자 접수직원 상담원 \
    상담사 상담약사 보상직원 안내자 수신자 발신자 참석자 참가자 발표자 사회자 기조연설자 진행자 강사 멘토 멘티 \
    평가자 심사자 면접관 지원자 합격자 응시자 응모자 당첨자 수상자 후보자 입사자 퇴사자 채용자 전입자 세대주 세대원 \
    동거인 세입자 집주인 보증인 연대보증인 구매자 판매자 주문자 구입자 고객 회원 손님 이용자 환자 산모 보호자 수검자 \
    내담자 입원자 주치의 의사 전문의 전공의 간호사 약사 조제약사 수의사 한의사 학생 학부모 교사 담임 담임교사 교수 \
    지도교수 선생 아동 어린이 청소년 배우자 남편 아내 아버지 어머니 부친 모친 장남 장녀 차남 차녀 자녀 아들 딸 \
    며느리 사위 손자 손녀 형제 친권자 후견인 유가족 서명자 전자서명 운전자 동승자 탑승자 예약자 투숙객 방문자 방문객 \
    수신인 발신인 송금인 입금자 송금자 수급자 주무관 사무관 서기관 과장 차장 부장 팀장 실장 국장 본부장 센터장 소장 \
    원장 회장 총무 간사 위원 위원장 이사 상무 전무 사장 점장 검사 판사 부장판사 변호사 회계사 세무사 법무사 \
    사법경찰관 경찰관 근로감독관 수사관 감사관 조사관 경위 경감 경사 전결 비서 기사 배송원 배달원 직원 사원 대리 \
    주임 매니저 대상자 납세자 상관 후보 공동변호인 조합원 참여자 문의자 제보자 작성인 위탁자 수탁자 결혼이민자 \
    이주민 사회복지사 요양보호사 활동지원사 보호관찰관 통역사 통역인 증언자 목격자 발주자 수주자 감리자 현장소장 \
    반장 조장 단장 관장 교장 교감 원생 훈련생 교육생 수강생 실습생 인턴 연구원 연구책임자 저자 감독 선수 코치 작가 \
    가수 배우";

/// Words that stand before many things, and before a name where a sign parts them: `접수: 홍길동`.
const SIGNED: &str = "\
    참석 작성 명의 서명 수신 발신 참조 본인 신청 접수 갱신 대상 예약 등록 처리 확인 발급 상담 보고 승인 검토 결재 \
    주문 문의 모 부 처 인";

/// Words of ASCII that say by themselves that a name follows.
const ASCII_NAMES: &str = "\
    name owner holder applicant signature recipient sender customer";

/// What stands before `name` where that is a person's: `customer_name`, `fullName`; `company_name` is none.
const NAMED: &str = "\
    user customer client member person full first last given family sur real legal owner holder sender receiver \
    recipient applicant employee staff manager contact patient student parent guardian author writer payer payee \
    buyer seller guest driver display korean english kor eng emp cust";

/// Words that begin like a name and are none; a name that begins so needs a label that says so.
const ORDINARY: &str = "\
    강남 강도 강동 강력 강령 강매 강북 강사 강산 강서 강세 강수 강습 강아 강연 강요 강원 강의 강제 강조 강좌 강철 \
    강한 강화 고객 고급 고등 고령 고리 고마 고민 고발 고소 고속 고시 고안 고온 고용 고위 고유 고의 고전 고정 고지 \
    고찰 고향 고혈 공고 공구 공급 공기 공단 공동 공로 공무 공문 공부 공사 공소 공식 공연 공원 공유 공익 공인 공장 \
    공정 공제 공증 공지 공채 공판 공표 공헌 구금 구급 구도 구두 구매 구분 구상 구성 구속 구역 구인 구입 구제 구조 \
    구직 구청 구체 구현 구형 구호 국가 국경 국내 국립 국문 국민 국방 국산 국선 국세 국어 국장 국적 국정 국제 국토 \
    국회 권고 권리 권위 권유 권익 권장 권한 금고 금년 금리 금액 금월 금융 금일 금주 금지 기간 기관 기대 기도 기록 \
    기본 기부 기분 기사 기상 기소 기술 기업 기여 기원 기일 기재 기존 기준 기증 기초 기타 기한 기호 기회 기획 길이 \
    김밥 김장 김치 김포 나도 나라 나머 나무 나의 나이 나중 남구 남녀 남도 남부 남산 남성 남자 남편 노동 노래 노력 \
    노무 노선 노인 노조 노출 노트 노후 도구 도로 도매 도면 도민 도서 도시 도안 도움 도입 도장 도전 도중 도착 라면 \
    라인 마감 마련 마스 마우 마을 마음 마지 마케 마포 명단 명령 명부 명세 명예 명의 명절 명칭 명함 명확 모금 모델 \
    모두 모든 모르 모바 모범 모습 모의 모임 모집 모친 문건 문구 문단 문서 문의 문자 문장 문제 문학 문항 문화 민간 \
    민감 민법 민사 민속 민영 민원 민족 민주 박람 박물 박수 박스 반대 반드 반려 반면 반복 반영 반응 반장 반품 반환 \
    방금 방문 방법 방송 방식 방안 방어 방역 방위 방재 방지 방침 방학 방향 배경 배달 배당 배려 배분 배상 배송 배열 \
    배우 배정 배제 배치 배포 백만 백분 백신 백업 백화 변경 변동 변명 변수 변제 변호 변화 변환 봉급 봉사 봉인 봉투 \
    서기 서로 서류 서면 서명 서버 서부 서비 서식 서울 서장 서재 서점 서증 서체 서해 석방 석사 석유 석탄 선거 선고 \
    선도 선물 선박 선발 선별 선불 선생 선수 선언 선의 선임 선적 선정 선착 선택 선행 선호 설계 설날 설득 설립 설명 \
    설문 설비 설정 설치 성격 성공 성과 성능 성명 성별 성분 성실 성인 성장 성적 성질 성취 성함 손녀 손님 손목 손상 \
    손실 손익 손자 손해 송금 송달 송부 송신 송장 송출 송파 신경 신고 신규 신년 신념 신도 신뢰 신문 신분 신상 신설 \
    신속 신용 신원 신의 신임 신입 신장 신중 신청 신체 신축 신학 신한 신형 신호 신혼 심각 심도 심리 심사 심의 심장 \
    심전 심지 심층 심폐 심한 안건 안경 안과 안구 안내 안녕 안마 안보 안부 안심 안전 안정 안착 안타 양국 양도 양말 \
    양면 양방 양성 양수 양식 양육 양쪽 양측 양해 양호 엄격 엄마 엄수 엄정 여가 여객 여건 여권 여기 여러 여론 여름 \
    여부 여분 여성 여유 여자 여전 여정 여행 연간 연결 연계 연구 연금 연기 연대 연도 연동 연락 연령 연료 연말 연맹 \
    연명 연방 연봉 연세 연속 연수 연습 연장 연중 연차 연체 연합 연혁 연회 염려 염색 오늘 오래 오류 오른 오리 오염 \
    오전 오직 오프 오픈 오피 오해 오후 오히 옥내 옥상 옥외 왕복 우대 우려 우리 우산 우선 우수 우연 우울 우측 우편 \
    우표 우회 원가 원격 원고 원금 원래 원료 원리 원만 원본 원산 원서 원심 원아 원안 원인 원장 원정 원천 원칙 원하 \
    원활 위기 위반 위법 위생 위성 위원 위임 위자 위장 위조 위촉 위치 위탁 위한 위해 위험 위협 유가 유관 유권 유급 \
    유기 유능 유니 유대 유도 유동 유럽 유료 유류 유리 유망 유명 유무 유물 유발 유사 유산 유선 유아 유언 유연 유예 \
    유용 유의 유익 유일 유입 유저 유적 유전 유죄 유지 유출 유치 유통 유한 유해 유행 유형 유효 육군 육류 육상 육성 \
    육아 육체 윤곽 윤리 이것 이곳 이날 이내 이념 이는 이달 이동 이득 이래 이러 이런 이렇 이력 이론 이를 이름 이마 \
    이메 이미 이민 이번 이벤 이별 이사 이상 이성 이송 이식 이야 이어 이외 이용 이웃 이월 이유 이율 이의 이익 이자 \
    이전 이제 이직 이차 이처 이체 이탈 이하 이해 이행 이혼 이후 인가 인간 인건 인격 인계 인구 인권 인근 인기 인도 \
    인력 인문 인물 인사 인상 인생 인쇄 인수 인식 인용 인원 인재 인적 인접 인정 인증 인지 인척 인천 인출 인터 인하 \
    인허 인형 인화 임금 임기 임대 임명 임무 임박 임상 임시 임신 임용 임원 임의 임직 임차 장관 장교 장군 장기 장난 \
    장남 장녀 장단 장래 장려 장르 장마 장면 장비 장사 장소 장수 장시 장식 장애 장인 장점 장차 장치 장학 장해 장화 \
    전개 전격 전결 전경 전공 전과 전국 전기 전남 전년 전념 전단 전달 전담 전대 전도 전동 전라 전략 전력 전류 전망 \
    전면 전무 전문 전반 전방 전보 전부 전북 전사 전산 전선 전설 전세 전속 전송 전수 전술 전시 전압 전액 전역 전용 \
    전원 전월 전이 전일 전임 전입 전자 전쟁 전적 전제 전주 전지 전직 전진 전철 전체 전출 전통 전투 전파 전표 전학 \
    전한 전해 전혀 전형 전화 전환 전후 정가 정관 정교 정규 정기 정답 정당 정도 정돈 정리 정립 정말 정면 정문 정보 \
    정부 정비 정산 정상 정서 정석 정성 정수 정시 정식 정신 정액 정열 정예 정오 정원 정의 정적 정전 정정 정제 정중 \
    정지 정직 정차 정책 정체 정치 정통 정품 정형 정화 정확 정황 제가 제거 제고 제공 제국 제기 제대 제도 제독 제명 \
    제목 제반 제보 제복 제본 제사 제시 제안 제약 제외 제일 제작 제재 제적 제정 제조 제주 제지 제출 제품 제한 제휴 \
    조각 조건 조경 조교 조금 조기 조달 조례 조리 조립 조만 조명 조문 조사 조선 조성 조세 조속 조수 조언 조업 조율 \
    조작 조장 조절 조정 조제 조직 조차 조치 조합 조항 조화 조회 주가 주간 주거 주관 주교 주권 주기 주도 주력 주로 \
    주류 주말 주머 주목 주무 주문 주민 주방 주변 주부 주사 주세 주소 주식 주심 주야 주역 주요 주위 주유 주의 주인 \
    주임 주장 주재 주저 주제 주주 주차 주체 주최 주축 주치 주택 주행 지각 지갑 지구 지국 지금 지급 지난 지능 지대 \
    지도 지명 지문 지방 지배 지부 지불 지사 지상 지속 지수 지시 지식 지역 지연 지원 지위 지자 지장 지적 지점 지정 \
    지지 지참 지청 지체 지출 지침 지표 지하 지혜 지회 지휘 진급 진단 진도 진동 진로 진료 진리 진술 진실 진심 진압 \
    진열 진입 진전 진정 진짜 진찰 진출 진학 진행 진흥 차감 차관 차기 차남 차녀 차단 차도 차등 차라 차량 차례 차별 \
    차비 차선 차세 차액 차원 차이 차장 차주 차체 차후 채권 채널 채무 채용 채움 채점 채택 채팅 천만 천명 천문 천안 \
    천연 천원 천장 천재 천천 최고 최근 최다 최단 최대 최상 최선 최소 최신 최악 최우 최장 최저 최적 최종 최초 최하 \
    최후 추가 추구 추석 추세 추신 추억 추위 추이 추정 추진 추징 추천 추첨 추출 추측 추후 탁구 탁상 탁월 탁자 표결 \
    표기 표면 표본 표시 표어 표적 표정 표제 표준 표지 표창 표출 표현 하계 하급 하긴 하나 하단 하루 하반 하복 하부 \
    하사 하수 하숙 하순 하위 하인 하자 하지 하차 하청 하체 하한 하향 한강 한계 한과 한국 한글 한도 한동 한때 한류 \
    한문 한미 한방 한번 한복 한식 한약 한옥 한우 한인 한자 한전 한정 한중 한쪽 한창 한층 한편 한해 한화 함께 함수 \
    함양 함유 허가 허락 허리 허용 허위 현관 현금 현대 현명 현물 현상 현수 현실 현역 현장 현재 현지 현직 현찰 현행 \
    현황 홍보 홍삼 홍수 홍콩 황금 황당 황사 황색";

/// Words of three syllables that have the shape of a name, and are none.
const LONGER: &str = "\
    강원대 고려대 고소장 고시원 고정식 고지서 공고문 공무원 공정성 국민연 권리자 기자재 기초생 남성용 노동자 도서관 \
    마을회 명세서 명예교 모바일 문화원 배달원 배송비 배치도 변경서 변호인 서강대 선서문 선언서 선진국 설명서 설명회 \
    설치비 성인용 신고서 신청금 신청서 심부름 안전성 양도서 여권용 여성용 연구비 연구소 연세대 연주회 우선순 원산지 \
    위생용 위원회 위임장 유람선 유아용 유언장 유학생 유한회 유효성 육하원 이동식 이사회 이용권 이자율 인건비 임명장 \
    임산부 임원진 장려금 장애인 장학생 전남대 전람회 전시회 전용선 전자식 전학생 전화기 정교수 정보원 정보지 정산서 \
    정수기 제안서 제조원 제주도 조교수 조리사 조사서 조선대 주문서 주민용 주소록 주소지 주식회 주차비 지시서 지원금 \
    지하철 진단서 차량용 채소류 천연가 추가금 추천서 표준화 표창장 하수도 한양대 현금영 황사용";

/// What ordinary nouns of three syllables end in, and few names; and particles.
const NOUN_ENDS: &str = "부과실비료사장자법권회률물증표점액적화력대단명인한이가은는을를로와만의";

/// A set of syllables.
pub(super) struct Syllables([u64; 175]);

impl Syllables {
    fn of(letters: &str) -> Self {
        let mut bits = [0u64; 175];
        for letter in letters.chars() {
            let Some(index) = (letter as usize).checked_sub(0xAC00).filter(|index| *index < 11_172) else { continue };
            bits[index / 64] |= 1 << (index % 64);
        }
        Self(bits)
    }

    /// Whether the syllable with this index, counted from `가`, is in the set.
    #[inline]
    pub(super) fn has(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }
}

/// The syllable at byte `at`, counted from `가`; `None` where none begins.
#[inline]
pub(super) fn syllable(bytes: &[u8], at: usize) -> Option<usize> {
    let [first @ 0xEA..=0xED, second @ 0x80..=0xBF, third @ 0x80..=0xBF] = *bytes.get(at..at + 3)? else { return None };
    let code = (usize::from(first) & 0xF) << 12 | (usize::from(second) & 0x3F) << 6 | (usize::from(third) & 0x3F);
    (0xAC00..=0xD7A3).contains(&code).then(|| code - 0xAC00)
}

/// What a word that stands before a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A name follows.
    Name,
    /// A person is spoken of.
    Person,
    /// A person, if a sign follows.
    Signed,
}

/// A quick hash for short words from a fixed list; nobody chooses the keys.
#[derive(Default)]
pub(super) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        /// Spreads the bits of a word (the odd part of the golden ratio, Knuth's multiplicative hashing).
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        // Three bytes, a syllable, at a time: a copy of so many as there are would be a call.
        let (syllables, rest) = bytes.as_chunks::<3>();
        for [first, second, third] in syllables {
            let word = u64::from(*first) << 16 | u64::from(*second) << 8 | u64::from(*third);
            self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(SPREAD);
        }
        for byte in rest {
            self.0 = (self.0.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(SPREAD);
        }
    }

    fn write_usize(&mut self, len: usize) {
        self.0 ^= len as u64;
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// Words, and what each says.
type Table<T> = HashMap<&'static [u8], T, BuildHasherDefault<WordHasher>>;

/// All of it, made once.
pub(super) struct Words {
    pub(super) surnames: Syllables,
    /// What the family names of two syllables begin with.
    compound: Syllables,
    /// What particles and titles begin with.
    tails: Syllables,
    /// What roles and labels end in.
    ends: Syllables,
    pub(super) given: Syllables,
    noun_ends: Syllables,
    /// What roles and labels begin with.
    role_heads: Syllables,
    /// What ordinary words begin with.
    ordinary_heads: Syllables,
    pub(super) particles: Table<()>,
    pub(super) titles: Table<()>,
    pub(super) roles: Table<Role>,
    ordinary: Table<()>,
    longer: Table<()>,
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let table = |list: &'static str, role| list.split(' ').map(move |word| (word.as_bytes(), role));
    let set = |list: &'static str| list.split(' ').map(|word| (word.as_bytes(), ())).collect();
    let firsts = |words: &[&str]| words.iter().filter_map(|word| word.chars().next()).collect::<String>();
    let firsts_of = |list: &str| firsts(&list.split(' ').collect::<Vec<_>>());
    let lasts_of = |list: &str| list.split(' ').filter_map(|word| word.chars().next_back()).collect::<String>();
    let roles = table(ROLES, Role::Person).chain(table(SIGNED, Role::Signed)).chain(table(NAMES, Role::Name)).collect();
    Words {
        surnames: Syllables::of(SURNAMES),
        compound: Syllables::of(&firsts(&COMPOUND)),
        tails: Syllables::of(&(firsts_of(PARTICLES) + &firsts_of(TITLES))),
        ends: Syllables::of(&[ROLES, SIGNED, NAMES].map(lasts_of).concat()),
        given: Syllables::of(GIVEN),
        noun_ends: Syllables::of(NOUN_ENDS),
        role_heads: Syllables::of(&[ROLES, SIGNED, NAMES].map(firsts_of).concat()),
        ordinary_heads: Syllables::of(&(firsts_of(ORDINARY) + &firsts_of(LONGER))),
        particles: set(PARTICLES),
        titles: set(TITLES),
        roles,
        ordinary: set(ORDINARY),
        longer: set(LONGER),
    }
});

impl Words {
    /// Whether a family name of two syllables begins at `start`, whose syllable is `first`.
    #[inline]
    pub(super) fn compound(&self, bytes: &[u8], start: usize, first: usize) -> bool {
        self.compound.has(first) && COMPOUND.iter().any(|name| bytes[start..].starts_with(name.as_bytes()))
    }

    /// Whether a word that begins at `start` may begin with a family name, by its first syllable.
    #[inline]
    pub(super) fn may_begin(&self, bytes: &[u8], start: usize) -> bool {
        syllable(bytes, start).is_some_and(|first| self.surnames.has(first) || self.compound.has(first))
    }

    /// Whether a word may go on so behind a name: not at all, in a particle, in a title.
    pub(super) fn tail(&self, rest: &[u8]) -> bool {
        rest.is_empty()
            || (syllable(rest, 0).is_some_and(|first| self.tails.has(first))
                && (self.particles.contains_key(rest) || self.title(rest)))
    }

    /// Whether a role or label may end at `end`: by its last syllable, or by that before a particle.
    pub(super) fn may_end(&self, bytes: &[u8]) -> bool {
        let ends = |back: usize| {
            bytes.len().checked_sub(back).and_then(|at| syllable(bytes, at)).is_some_and(|index| self.ends.has(index))
        };
        ends(3) || ends(6)
    }

    /// Whether two or three syllables are, or begin like, an ordinary noun: `신청`, `신청서`; `이상훈` is none.
    pub(super) fn ordinary(&self, name: &[u8]) -> bool {
        let Some((head, tail)) = name.split_at_checked(6) else { return false };
        let ends = |tail: &[u8]| syllable(tail, 0).is_some_and(|index| self.noun_ends.has(index));
        if !syllable(name, 0).is_some_and(|first| self.ordinary_heads.has(first)) {
            return false;
        }
        self.longer.contains_key(name) || ((tail.is_empty() || ends(tail)) && self.ordinary.contains_key(head))
    }

    /// Whether people of a kind are addressed so, rather than one by name: `선배님`.
    pub(super) fn addressed(&self, name: &[u8]) -> bool {
        self.is_word(name) || ADDRESSED.split(' ').any(|word| word.as_bytes() == name)
    }

    /// Whether `word` is a title, maybe with a particle or two behind it: `과장`, `님께서는`.
    pub(super) fn title(&self, word: &[u8]) -> bool {
        if !syllable(word, 0).is_some_and(|first| self.tails.has(first)) {
            return false;
        }
        (1..=word.len() / 3).rev().take(6).any(|count| {
            let (head, tail) = word.split_at(count * 3);
            let tail = tail.strip_prefix("님".as_bytes()).unwrap_or(tail);
            self.titles.contains_key(head) && (tail.is_empty() || self.particles.contains_key(tail))
        })
    }

    /// What the end of a word of Hangul says, `채권담당자` as `담당자`; one particle (`담당자는`) may stand behind.
    pub(super) fn role(&self, word: &[u8]) -> Option<Role> {
        if !self.may_end(word) {
            return None;
        }
        let ends = |word: &[u8]| {
            let from = word.len().saturating_sub(15);
            // One syllable is a word only by itself: `처`, not `연락처`.
            let heads = |at: usize| syllable(word, at).is_some_and(|first| self.role_heads.has(first));
            let whole = |at: usize| at + 3 < word.len() || at == 0;
            let roles = |at: usize| self.roles.get(&word[at..]).copied().filter(|_| whole(at));
            let roles = |at: usize| if heads(at) { roles(at) } else { None };
            (from..word.len()).step_by(3).find_map(roles)
        };
        ends(word).or_else(|| {
            let (head, tail) = word.split_at_checked(word.len().checked_sub(3)?)?;
            ["은", "는", "이", "가", "인", "의"].iter().any(|one| one.as_bytes() == tail).then(|| ends(head)).flatten()
        })
    }

    /// Whether the name of a field, or a word of ASCII, announces a name: `Name`, `userName`, `customer_name`, `owner`.
    pub(super) fn announces(&self, word: &[u8]) -> bool {
        if !word.is_ascii() {
            return self.role(word) == Some(Role::Name);
        }
        let head = head_of(word, "name").map(|head| head.strip_suffix(b"_").unwrap_or(head));
        ASCII_NAMES.split(' ').any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
            || head.is_some_and(|head| NAMED.split(' ').any(|one| head_of(head, one).is_some()))
    }

    /// Whether this is a label, a role, a title or a particle itself.
    pub(super) fn is_word(&self, name: &[u8]) -> bool {
        let Some(first) = syllable(name, 0) else { return false };
        (self.role_heads.has(first) && self.roles.contains_key(name))
            || (self.tails.has(first) && [&self.titles, &self.particles].iter().any(|words| words.contains_key(name)))
    }
}

/// What stands before `end` in a word of ASCII that ends so.
fn head_of<'a>(word: &'a [u8], end: &str) -> Option<&'a [u8]> {
    let (head, tail) = word.split_at_checked(word.len().checked_sub(end.len())?)?;
    tail.eq_ignore_ascii_case(end.as_bytes()).then_some(head)
}
