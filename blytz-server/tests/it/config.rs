//! Flags beat the environment, the environment beats the file, and a wrong value is named.

use std::{ffi::OsString, fs};

use blytz_server::config::{Config, ConfigError, DatabaseConfig, Layers, Options, RateLimits};

fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn configure(options: &Options, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_layers(&Layers::lay(options, environment(pairs))?)
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    configure(&Options::default(), pairs)
}

#[test]
fn without_options_there_are_defaults() {
    let config = from_environment(&[]).expect("defaults");
    assert_eq!(config.listen, "127.0.0.1:8080");
    assert_eq!(config.database, DatabaseConfig::InFolder);
    assert_eq!(config.rate_limits, RateLimits::Default);
    assert!(config.cors_origins.is_empty() && config.admin.is_none() && config.secret_key.is_none());
}

#[test]
fn the_stronger_layer_wins_option_by_option() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("blytz.toml");
    let text = "listen = \"127.0.0.1:1001\"\ndata = \"from-file\"\nrate_limits = \"off\"\n\
                cors_origins = [\"https://a.example\", \"https://b.example\"]\n";
    fs::write(&file, text).expect("a file");
    let options = Options { config: Some(file), listen: Some("127.0.0.1:3003".to_owned()), ..Options::default() };
    let config = configure(&options, &[("BLYTZ_LISTEN", "127.0.0.1:2002"), ("BLYTZ_DATA", "from-environment")]);
    let config = config.expect("all three layers are fine");
    assert_eq!(config.listen, "127.0.0.1:3003");
    assert_eq!(config.data.to_str(), Some("from-environment"));
    assert_eq!(config.rate_limits, RateLimits::Off);
    assert_eq!(config.cors_origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn the_environment_may_name_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("blytz.toml");
    fs::write(&file, "data = \"from-file\"").expect("a file");
    let config = from_environment(&[("BLYTZ_CONFIG", file.to_str().expect("UTF-8"))]).expect("a file");
    assert_eq!(config.data.to_str(), Some("from-file"));
}

#[test]
fn the_log_listens_to_the_habit_of_rust_programs_last() {
    let log = |pairs: &[(&str, &str)]| from_environment(pairs).expect("fine").log;
    assert_eq!(log(&[]), "info");
    assert_eq!(log(&[("RUST_LOG", "debug")]), "debug");
    assert_eq!(log(&[("BLYTZ_LOG", "warn"), ("RUST_LOG", "debug")]), "warn");
    assert_eq!(log(&[("RUST_LOG", "debug"), ("BLYTZ_LOG", "warn")]), "warn");
}

#[test]
fn a_wrong_value_is_named_with_its_place() {
    for (variable, value, said) in [
        ("BLYTZ_LISTEN", "nowhere", "expected host:port"),
        ("BLYTZ_LISTEN", "127.0.0.1:99999", "`99999` is no port"),
        ("BLYTZ_LISTEN", ":8080", "0.0.0.0 listens on every interface"),
        ("BLYTZ_DATABASE_URL", "mysql://x", "expected sqlite:FILE or postgres://"),
        ("BLYTZ_DATABASE_URL", "sqlite::memory:", "would lose every bid"),
        ("BLYTZ_SERVICES", "auction,chat", "one process runs all services"),
        ("BLYTZ_SERVICES", "all,auktion", "there is no service `auktion`"),
        ("BLYTZ_RATE_LIMITS", "on", "expected default or off"),
        ("BLYTZ_CORS_ORIGINS", "shop.example", "`shop.example` is no origin"),
        ("BLYTZ_CORS_ORIGINS", "https://shop.example/path", "is no origin"),
        ("BLYTZ_CORS_ORIGINS", "https://a.example,https://shop.example/", "sends https://shop.example,"),
        ("BLYTZ_CONNECTIONS_PER_ADDRESS", "0", "expected a whole number from 1"),
        ("BLYTZ_CONNECTIONS_PER_ADDRESS", "many", "expected a whole number from 1"),
        ("BLYTZ_TRUSTED_PROXIES", "10.0.0.1,nginx", "`nginx` is no IP address"),
        ("BLYTZ_LOG", "blytz=loud", "expected a filter"),
        ("BLYTZ_FIREBASE_JWKS_URL", "ftp://x", "expected an http:// or https:// URL"),
        ("BLYTZ_ADMIN_EMAIL", "ann", "must be an email address"),
    ] {
        let sentence = from_environment(&[(variable, value)]).expect_err(variable).to_string();
        assert!(sentence.starts_with(&format!("{variable} is `{value}`: ")), "{sentence}");
        assert!(sentence.contains(said) && sentence.ends_with('.'), "{sentence}");
    }
}

#[test]
fn secrets_are_never_repeated() {
    let pairs = [("BLYTZ_ADMIN_EMAIL", "ann@example.com"), ("BLYTZ_ADMIN_PASSWORD", "hunter2")];
    let sentence = from_environment(&pairs).expect_err("too short").to_string();
    assert!(sentence.starts_with("BLYTZ_ADMIN_PASSWORD is "), "{sentence}");
    assert!(!sentence.contains("hunter2"), "{sentence}");
    let sentence =
        from_environment(&[("BLYTZ_REDIS_URL", "redis://:hunter2@cache")]).expect_err("no Redis").to_string();
    assert!(sentence.starts_with("BLYTZ_REDIS_URL is ") && !sentence.contains("hunter2"), "{sentence}");

    let url = "postgres://ann:hunter2@host:port/blytz";
    let sentence = from_environment(&[("BLYTZ_DATABASE_URL", url)]).expect_err("no port").to_string();
    assert!(sentence.contains("invalid port number") && !sentence.contains("hunter2"), "{sentence}");
    let url = "postgres://ann@host/blytz?pasword=hunter2";
    let sentence = from_environment(&[("BLYTZ_DATABASE_URL", url)]).expect_err("a misspelt parameter").to_string();
    assert!(sentence.contains("`pasword`") && !sentence.contains("hunter2"), "{sentence}");
    let config = from_environment(&[("BLYTZ_DATABASE_URL", "postgres://ann:hunter2@host/blytz")]).expect("fine");
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");

    let pairs = [
        ("BLYTZ_ADMIN_EMAIL", "ann@example.com"),
        ("BLYTZ_ADMIN_PASSWORD", "a long and winding road"),
        ("BLYTZ_SECRET_KEY", "the operator's secret"),
    ];
    let config = from_environment(&pairs).expect("fine");
    let printed = format!("{config:?}");
    assert!(printed.contains("***") && !printed.contains("winding") && !printed.contains("operator"), "{printed}");
    assert_eq!(&*config.admin.expect("an administrator").password, "a long and winding road");
}

#[test]
fn a_secret_from_a_mounted_file_is_what_stands_in_its_line() {
    let secrets = |config: Config| {
        let admin = config.admin.expect("an administrator");
        (config.secret_key.map(|key| key.to_string()), admin.email, admin.password.to_string())
    };
    let plain = |end: &str| {
        let expected = |text: &str| format!("{text}{end}");
        (Some(expected("the key")), "ann@example.com".to_owned(), expected("a long and winding road"))
    };
    for (end, left) in [("", ""), ("\n", ""), ("\r\n", ""), ("\r", ""), (" ", " ")] {
        let [key, password] = ["the key", "a long and winding road"].map(|text| format!("{text}{end}"));
        let email = format!("ann@example.com{}", end.trim_end_matches(' '));
        let pairs = [("BLYTZ_SECRET_KEY", &*key), ("BLYTZ_ADMIN_EMAIL", &*email), ("BLYTZ_ADMIN_PASSWORD", &*password)];
        assert_eq!(secrets(from_environment(&pairs).expect("fine")), plain(left), "{end:?} in the environment");

        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("blytz.toml");
        let text = format!("secret_key = {key:?}\nadmin_email = {email:?}\nadmin_password = {password:?}\n");
        fs::write(&file, text).expect("a file");
        let options = Options { config: Some(file), ..Options::default() };
        assert_eq!(secrets(configure(&options, &[]).expect("fine")), plain(left), "{end:?} in the file");
    }
    // One line end: whoever has one in the secret itself gives two.
    let config = from_environment(&[("BLYTZ_SECRET_KEY", "the key\n\n")]).expect("fine");
    assert_eq!(config.secret_key.as_deref(), Some("the key\n"));
}

#[test]
fn an_administrator_has_both_an_address_and_a_password() {
    for (variable, value) in
        [("BLYTZ_ADMIN_EMAIL", "ann@example.com"), ("BLYTZ_ADMIN_PASSWORD", "a long and winding road")]
    {
        let sentence = from_environment(&[(variable, value)]).expect_err("half of it").to_string();
        assert!(sentence.contains("without"), "{sentence}");
    }
}

#[test]
fn unknown_variables_are_only_warned_about_and_empty_ones_are_not_set() {
    let pairs = [("BLYTZ_LISTNE", "x"), ("BLYTZ_TOKEN", "t"), ("BLYTZ_REDIS_URL", ""), ("HOME", "/root")];
    let layers = Layers::lay(&Options::default(), environment(&pairs)).expect("no reason not to start");
    assert_eq!(layers.warnings(), ["BLYTZ_LISTNE is set, but means nothing to this server."]);
    assert!(Config::from_layers(&layers).is_ok());
}

#[test]
fn a_file_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("blytz.toml");
    let options = Options { config: Some(path.clone()), ..Options::default() };
    let sentence = configure(&options, &[]).expect_err("missing").to_string();
    assert!(sentence.contains("blytz.toml can't be read"), "{sentence}");
    for (text, said) in [
        ("listen", "blytz.toml is not TOML"),
        ("lisen = \"x\"", "sets `lisen`, which is no option"),
        ("listen = 8080", "must be a text"),
        ("listen = \"x\"", "listen in "),
        ("rate_limits = \"none\"", "expected default or off"),
    ] {
        fs::write(&path, text).expect("a file");
        let sentence = configure(&options, &[]).expect_err(text).to_string();
        assert!(sentence.contains(said), "{sentence}");
    }
}

#[test]
fn a_house_has_a_name_in_one_spelling() {
    let origin = |name: &str| from_environment(&[("BLYTZ_ORIGIN", name)]).map(|config| config.origin);
    assert_eq!(from_environment(&[]).expect("fine").origin, "localhost");
    for name in ["shop.example", "127.0.0.1:8080", "[::1]:8080", "a-b.example"] {
        assert_eq!(origin(name).expect("a name"), name);
    }
    for name in ["Shop.example", "https://shop.example", "shop example", "-shop", "shop.example/"] {
        let error = origin(name).expect_err("no name").to_string();
        assert!(error.contains("BLYTZ_ORIGIN") && error.contains("shop.example"), "{error}");
    }
}
