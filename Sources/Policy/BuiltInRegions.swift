/// The region codes this program always knows, without `iso-codes` on the machine.
///
/// Taken from the Debian package iso-codes 4.15.0 (ISO 3166-1 and -2), with the short names people
/// use. Ukraine and Russia come with their parts because Crimea's codes are the ones policies get
/// wrong most often.
enum BuiltInRegions {
    /// `alpha-2 alpha-3 short name`, one country a line.
    static let countries = """
        AD AND Andorra
        AE ARE United Arab Emirates
        AF AFG Afghanistan
        AG ATG Antigua and Barbuda
        AI AIA Anguilla
        AL ALB Albania
        AM ARM Armenia
        AO AGO Angola
        AQ ATA Antarctica
        AR ARG Argentina
        AS ASM American Samoa
        AT AUT Austria
        AU AUS Australia
        AW ABW Aruba
        AX ALA Åland Islands
        AZ AZE Azerbaijan
        BA BIH Bosnia and Herzegovina
        BB BRB Barbados
        BD BGD Bangladesh
        BE BEL Belgium
        BF BFA Burkina Faso
        BG BGR Bulgaria
        BH BHR Bahrain
        BI BDI Burundi
        BJ BEN Benin
        BL BLM Saint Barthélemy
        BM BMU Bermuda
        BN BRN Brunei
        BO BOL Bolivia
        BQ BES Bonaire, Sint Eustatius and Saba
        BR BRA Brazil
        BS BHS Bahamas
        BT BTN Bhutan
        BV BVT Bouvet Island
        BW BWA Botswana
        BY BLR Belarus
        BZ BLZ Belize
        CA CAN Canada
        CC CCK Cocos Islands
        CD COD DR Congo
        CF CAF Central African Republic
        CG COG Congo
        CH CHE Switzerland
        CI CIV Côte d'Ivoire
        CK COK Cook Islands
        CL CHL Chile
        CM CMR Cameroon
        CN CHN China
        CO COL Colombia
        CR CRI Costa Rica
        CU CUB Cuba
        CV CPV Cabo Verde
        CW CUW Curaçao
        CX CXR Christmas Island
        CY CYP Cyprus
        CZ CZE Czechia
        DE DEU Germany
        DJ DJI Djibouti
        DK DNK Denmark
        DM DMA Dominica
        DO DOM Dominican Republic
        DZ DZA Algeria
        EC ECU Ecuador
        EE EST Estonia
        EG EGY Egypt
        EH ESH Western Sahara
        ER ERI Eritrea
        ES ESP Spain
        ET ETH Ethiopia
        FI FIN Finland
        FJ FJI Fiji
        FK FLK Falkland Islands
        FM FSM Micronesia
        FO FRO Faroe Islands
        FR FRA France
        GA GAB Gabon
        GB GBR United Kingdom
        GD GRD Grenada
        GE GEO Georgia
        GF GUF French Guiana
        GG GGY Guernsey
        GH GHA Ghana
        GI GIB Gibraltar
        GL GRL Greenland
        GM GMB Gambia
        GN GIN Guinea
        GP GLP Guadeloupe
        GQ GNQ Equatorial Guinea
        GR GRC Greece
        GS SGS South Georgia and the South Sandwich Islands
        GT GTM Guatemala
        GU GUM Guam
        GW GNB Guinea-Bissau
        GY GUY Guyana
        HK HKG Hong Kong
        HM HMD Heard Island and McDonald Islands
        HN HND Honduras
        HR HRV Croatia
        HT HTI Haiti
        HU HUN Hungary
        ID IDN Indonesia
        IE IRL Ireland
        IL ISR Israel
        IM IMN Isle of Man
        IN IND India
        IO IOT British Indian Ocean Territory
        IQ IRQ Iraq
        IR IRN Iran
        IS ISL Iceland
        IT ITA Italy
        JE JEY Jersey
        JM JAM Jamaica
        JO JOR Jordan
        JP JPN Japan
        KE KEN Kenya
        KG KGZ Kyrgyzstan
        KH KHM Cambodia
        KI KIR Kiribati
        KM COM Comoros
        KN KNA Saint Kitts and Nevis
        KP PRK North Korea
        KR KOR South Korea
        KW KWT Kuwait
        KY CYM Cayman Islands
        KZ KAZ Kazakhstan
        LA LAO Laos
        LB LBN Lebanon
        LC LCA Saint Lucia
        LI LIE Liechtenstein
        LK LKA Sri Lanka
        LR LBR Liberia
        LS LSO Lesotho
        LT LTU Lithuania
        LU LUX Luxembourg
        LV LVA Latvia
        LY LBY Libya
        MA MAR Morocco
        MC MCO Monaco
        MD MDA Moldova
        ME MNE Montenegro
        MF MAF Saint Martin
        MG MDG Madagascar
        MH MHL Marshall Islands
        MK MKD North Macedonia
        ML MLI Mali
        MM MMR Myanmar
        MN MNG Mongolia
        MO MAC Macao
        MP MNP Northern Mariana Islands
        MQ MTQ Martinique
        MR MRT Mauritania
        MS MSR Montserrat
        MT MLT Malta
        MU MUS Mauritius
        MV MDV Maldives
        MW MWI Malawi
        MX MEX Mexico
        MY MYS Malaysia
        MZ MOZ Mozambique
        NA NAM Namibia
        NC NCL New Caledonia
        NE NER Niger
        NF NFK Norfolk Island
        NG NGA Nigeria
        NI NIC Nicaragua
        NL NLD Netherlands
        NO NOR Norway
        NP NPL Nepal
        NR NRU Nauru
        NU NIU Niue
        NZ NZL New Zealand
        OM OMN Oman
        PA PAN Panama
        PE PER Peru
        PF PYF French Polynesia
        PG PNG Papua New Guinea
        PH PHL Philippines
        PK PAK Pakistan
        PL POL Poland
        PM SPM Saint Pierre and Miquelon
        PN PCN Pitcairn
        PR PRI Puerto Rico
        PS PSE Palestine
        PT PRT Portugal
        PW PLW Palau
        PY PRY Paraguay
        QA QAT Qatar
        RE REU Réunion
        RO ROU Romania
        RS SRB Serbia
        RU RUS Russia
        RW RWA Rwanda
        SA SAU Saudi Arabia
        SB SLB Solomon Islands
        SC SYC Seychelles
        SD SDN Sudan
        SE SWE Sweden
        SG SGP Singapore
        SH SHN Saint Helena
        SI SVN Slovenia
        SJ SJM Svalbard and Jan Mayen
        SK SVK Slovakia
        SL SLE Sierra Leone
        SM SMR San Marino
        SN SEN Senegal
        SO SOM Somalia
        SR SUR Suriname
        SS SSD South Sudan
        ST STP Sao Tome and Principe
        SV SLV El Salvador
        SX SXM Sint Maarten
        SY SYR Syria
        SZ SWZ Eswatini
        TC TCA Turks and Caicos Islands
        TD TCD Chad
        TF ATF French Southern Territories
        TG TGO Togo
        TH THA Thailand
        TJ TJK Tajikistan
        TK TKL Tokelau
        TL TLS Timor-Leste
        TM TKM Turkmenistan
        TN TUN Tunisia
        TO TON Tonga
        TR TUR Türkiye
        TT TTO Trinidad and Tobago
        TV TUV Tuvalu
        TW TWN Taiwan
        TZ TZA Tanzania
        UA UKR Ukraine
        UG UGA Uganda
        UM UMI United States Minor Outlying Islands
        US USA United States
        UY URY Uruguay
        UZ UZB Uzbekistan
        VA VAT Vatican City
        VC VCT Saint Vincent and the Grenadines
        VE VEN Venezuela
        VG VGB British Virgin Islands
        VI VIR U.S. Virgin Islands
        VN VNM Vietnam
        VU VUT Vanuatu
        WF WLF Wallis and Futuna
        WS WSM Samoa
        YE YEM Yemen
        YT MYT Mayotte
        ZA ZAF South Africa
        ZM ZMB Zambia
        ZW ZWE Zimbabwe
        """

    /// Countries whose parts stand below in full.
    static let countriesWithParts: Set<String> = ["RU", "UA"]

    /// `code name`, one part of a country a line.
    static let subdivisions = """
        RU-AD Adygeja, Respublika
        RU-AL Altaj, Respublika
        RU-ALT Altajskij kraj
        RU-AMU Amurskaja oblast'
        RU-ARK Arhangel'skaja oblast'
        RU-AST Astrahanskaja oblast'
        RU-BA Bashkortostan, Respublika
        RU-BEL Belgorodskaja oblast'
        RU-BRY Brjanskaja oblast'
        RU-BU Burjatija, Respublika
        RU-CE Chechenskaya Respublika
        RU-CHE Chelyabinskaya oblast'
        RU-CHU Chukotskiy avtonomnyy okrug
        RU-CU Chuvashskaya Respublika
        RU-DA Dagestan, Respublika
        RU-IN Ingushetiya, Respublika
        RU-IRK Irkutskaja oblast'
        RU-IVA Ivanovskaja oblast'
        RU-KAM Kamchatskiy kray
        RU-KB Kabardino-Balkarskaja Respublika
        RU-KC Karachayevo-Cherkesskaya Respublika
        RU-KDA Krasnodarskij kraj
        RU-KEM Kemerovskaja oblast'
        RU-KGD Kaliningradskaja oblast'
        RU-KGN Kurganskaja oblast'
        RU-KHA Habarovskij kraj
        RU-KHM Hanty-Mansijskij avtonomnyj okrug
        RU-KIR Kirovskaja oblast'
        RU-KK Hakasija, Respublika
        RU-KL Kalmykija, Respublika
        RU-KLU Kaluzhskaya oblast'
        RU-KO Komi, Respublika
        RU-KOS Kostromskaja oblast'
        RU-KR Karelija, Respublika
        RU-KRS Kurskaja oblast'
        RU-KYA Krasnojarskij kraj
        RU-LEN Leningradskaja oblast'
        RU-LIP Lipeckaja oblast'
        RU-MAG Magadanskaja oblast'
        RU-ME Marij Èl, Respublika
        RU-MO Mordovija, Respublika
        RU-MOS Moskovskaja oblast'
        RU-MOW Moskva
        RU-MUR Murmanskaja oblast'
        RU-NEN Neneckij avtonomnyj okrug
        RU-NGR Novgorodskaja oblast'
        RU-NIZ Nizhegorodskaya oblast'
        RU-NVS Novosibirskaja oblast'
        RU-OMS Omskaja oblast'
        RU-ORE Orenburgskaja oblast'
        RU-ORL Orlovskaja oblast'
        RU-PER Permskij kraj
        RU-PNZ Penzenskaja oblast'
        RU-PRI Primorskij kraj
        RU-PSK Pskovskaja oblast'
        RU-ROS Rostovskaja oblast'
        RU-RYA Rjazanskaja oblast'
        RU-SA Saha, Respublika
        RU-SAK Sahalinskaja oblast'
        RU-SAM Samarskaja oblast'
        RU-SAR Saratovskaja oblast'
        RU-SE Severnaja Osetija, Respublika
        RU-SMO Smolenskaja oblast'
        RU-SPE Sankt-Peterburg
        RU-STA Stavropol'skij kraj
        RU-SVE Sverdlovskaja oblast'
        RU-TA Tatarstan, Respublika
        RU-TAM Tambovskaja oblast'
        RU-TOM Tomskaja oblast'
        RU-TUL Tul'skaja oblast'
        RU-TVE Tverskaja oblast'
        RU-TY Tyva, Respublika
        RU-TYU Tjumenskaja oblast'
        RU-UD Udmurtskaja Respublika
        RU-ULY Ul'janovskaja oblast'
        RU-VGG Volgogradskaja oblast'
        RU-VLA Vladimirskaja oblast'
        RU-VLG Vologodskaja oblast'
        RU-VOR Voronezhskaya oblast'
        RU-YAN Jamalo-Neneckij avtonomnyj okrug
        RU-YAR Jaroslavskaja oblast'
        RU-YEV Evrejskaja avtonomnaja oblast'
        RU-ZAB Zabajkal'skij kraj
        UA-05 Vinnytska oblast
        UA-07 Volynska oblast
        UA-09 Luhanska oblast
        UA-12 Dnipropetrovska oblast
        UA-14 Donetska oblast
        UA-18 Zhytomyrska oblast
        UA-21 Zakarpatska oblast
        UA-23 Zaporizka oblast
        UA-26 Ivano-Frankivska oblast
        UA-30 Kyiv
        UA-32 Kyivska oblast
        UA-35 Kirovohradska oblast
        UA-40 Sevastopol
        UA-43 Crimea
        UA-46 Lvivska oblast
        UA-48 Mykolaivska oblast
        UA-51 Odeska oblast
        UA-53 Poltavska oblast
        UA-56 Rivnenska oblast
        UA-59 Sumska oblast
        UA-61 Ternopilska oblast
        UA-63 Kharkivska oblast
        UA-65 Khersonska oblast
        UA-68 Khmelnytska oblast
        UA-71 Cherkaska oblast
        UA-74 Chernihivska oblast
        UA-77 Chernivetska oblast
        """

    /// What people write for a region that has another code: `text=code`, text in lower case.
    static let aliases = """
        america=US
        burma=MM
        congo-kinshasa=CD
        czech republic=CZ
        crimea=UA-43
        democratic people's republic of korea=KP
        dprk=KP
        el=GR
        england=GB
        great britain=GB
        holland=NL
        islamic republic of iran=IR
        ivory coast=CI
        kiev=UA-30
        korea, democratic people's republic of=KP
        korea, republic of=KR
        kr-n=KP
        kr-p=KP
        krim=UA-43
        krym=UA-43
        autonomous republic of crimea=UA-43
        avtonomna respublika krym=UA-43
        republic of korea=KR
        ru-cr=UA-43
        ru-krm=UA-43
        ru-sev=UA-40
        russian federation=RU
        swaziland=SZ
        syrian arab republic=SY
        turkey=TR
        ua-cr=UA-43
        ua-krm=UA-43
        ua-sev=UA-40
        uk=GB
        united states of america=US
        viet nam=VN
        40=UA-40
        43=UA-43
        false=NO
        """

    /// Codes that are no longer, or never were, assigned: `code sentence`.
    static let notes = """
        A1 A1 is a GeoIP file's word for an anonymous proxy.
        A2 A2 is a GeoIP file's word for a satellite link.
        AN The Netherlands Antilles (AN) are now BQ, CW and SX.
        AP AP is a GeoIP file's word for Asia and the Pacific.
        BU Burma (BU) is now MM.
        CS CS is withdrawn: it was Czechoslovakia, then Serbia and Montenegro.
        DD The German Democratic Republic (DD) is now DE.
        DY Dahomey (DY) is now BJ.
        EU EU is not a region of ISO 3166: list the countries.
        FX Metropolitan France (FX) is now FR.
        HV Upper Volta (HV) is now BF.
        NT The Neutral Zone (NT) was divided between IQ and SA.
        PZ The Panama Canal Zone (PZ) is now PA.
        RH Southern Rhodesia (RH) is now ZW.
        SU The Soviet Union (SU) is withdrawn: list the countries.
        TP East Timor (TP) is now TL.
        VD Viet Nam (VD) is now VN.
        XK Kosovo has no code in ISO 3166 (XK is user-assigned), so no policy can name it.
        YD Yemen (YD) is now YE.
        YU Yugoslavia (YU) is withdrawn: RS, ME, HR, SI, BA and MK.
        ZR Zaire (ZR) is now CD.
        """
}
