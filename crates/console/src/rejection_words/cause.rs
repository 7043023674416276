//! Why a copy, an import or a conversion ended without an image.

use model::Cause;

use crate::words::Words;

/// A cause as a sentence, or some.
pub(crate) fn cause(cause: &Cause, words: Words) -> String {
    let saying = match cause {
        Cause::Cancelled => words.say("rejection-cause-cancelled"),
        Cause::SourceGone => words.say("rejection-cause-source-gone"),
        Cause::SourceDamaged { chunks } => {
            words.say("rejection-cause-source-damaged").with("chunks", *chunks)
        }
        Cause::SourceMalformed => words.say("rejection-cause-source-malformed"),
        Cause::GaveUp { attempts } => {
            words.say("rejection-cause-gave-up").with("attempts", *attempts)
        }
        Cause::KeyGone => words.say("rejection-cause-key-gone"),
        Cause::NotApproved => words.say("rejection-cause-not-approved"),
        Cause::FileRefused => words.say("rejection-cause-file-refused"),
    };
    saying.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn each_cause_is_told_in_both_languages() {
        let (english, chinese) = (Words(Language::English), Words(Language::Chinese));
        let told = |why: Cause| [english, chinese].map(|words| cause(&why, words));
        let gave_up = told(Cause::GaveUp { attempts: 12 });
        assert_eq!(gave_up, ["12 attempts in a row made no progress.", "连续 12 次尝试没有进展。"]);
        let [one, _] = told(Cause::SourceDamaged { chunks: 1 });
        assert!(one.starts_with("1 chunk of the source is missing or damaged."), "{one}");
        let others = [
            Cause::Cancelled,
            Cause::SourceGone,
            Cause::SourceDamaged { chunks: 4_711 },
            Cause::SourceMalformed,
            Cause::KeyGone,
            Cause::NotApproved,
            Cause::FileRefused,
        ];
        for why in others {
            let number = why.number();
            let [english, chinese] = told(why);
            assert!(english.ends_with('.') && chinese.ends_with('。'), "{english} {chinese}");
            assert!(number == 0 || [&english, &chinese].iter().all(|text| text.contains("4711")));
        }
    }
}
