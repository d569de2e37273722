//! The countries there are, by their ISO 3166-1 alpha-2 codes.
//!
//! The 249 codes that are officially assigned (ISO 3166 Maintenance Agency), and `XK`, which is
//! user-assigned and used for Kosovo by the European Union and by passports.

/// Every code, in order.
const CODES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ \
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW \
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY \
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV \
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY \
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA \
    ZM ZW";

/// Whether this is the code of a country.
pub(super) fn is_known(code: &str) -> bool {
    // Codes stand three bytes apart, so the place of one is a multiple of three.
    code.len() == 2 && CODES.match_indices(code).any(|(place, _)| place % 3 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_249_official_codes_in_order_and_kosovo() {
        let codes: Vec<_> = CODES.split(' ').collect();
        assert_eq!(codes.len(), 250);
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(codes.iter().all(|code| is_known(code)));
    }

    #[test]
    fn what_is_no_code_is_not_known() {
        for text in ["", "G", "gb", "GBR", "UK", "ZZ", "J{", "E ", " A", "D A", "NOTACOUNTRYCODE"] {
            assert!(!is_known(text), "{text:?}");
        }
    }
}
