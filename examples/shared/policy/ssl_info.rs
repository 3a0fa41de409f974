//! Policy files: the `<SSLInfo>` of gateways that are configured by XML, read to the letter. Whatever is not understood
//! is refused with its line and column, and with what is wanted there.

use embedded_mtls::Side;
use embedded_mtls::policy::{Policy, PolicyError, Setting, Settings, Site};
use embedded_mtls::x509::CommonName;
use roxmltree::{Document, Node, TextPos};

use super::super::args::UsageError;
use super::super::order::Wanted;
use super::super::pem::FileError;
use super::endpoint::Endpoint;

/// What a policy file says, and where.
#[derive(Debug)]
pub(crate) struct SslInfo {
    file: String,
    /// Where the settings begin, for those that are missing.
    begin: TextPos,
    places: Vec<Place>,
    switches: Vec<Setting>,
    key_store: Option<String>,
    key_alias: Option<String>,
    trust_store: Option<String>,
    common_name: Option<Wanted>,
    /// Of the target of a client, if the file names it.
    pub(crate) endpoint: Option<Endpoint>,
}

/// Where a setting stands, and as what.
#[derive(Debug)]
struct Place {
    setting: Setting,
    at: TextPos,
    found: String,
}

/// What an element around the settings may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// Nothing: the file is an `<SSLInfo>`.
    Nothing,
    /// Or an `<HTTPTargetConnection>`, which says where to connect to as well.
    Target,
}

impl SslInfo {
    /// Reads a file.
    pub(crate) fn read(file: &str, around: Around) -> Result<Self, UsageError> {
        let text = std::fs::read_to_string(file).map_err(|error| UsageError(format!("{file}: {error}")))?;
        Self::parse(file, &text, around)
    }

    /// Reads what a site says: the alias, and where to connect to. Everything else is locked.
    pub(crate) fn read_site(file: &str, around: Around) -> Result<Self, UsageError> {
        let site = Self::read(file, around)?;
        for place in &site.places {
            Site::check(place.setting).map_err(|error| site.explain(error))?;
        }
        Ok(site)
    }

    /// Reads the text of a file.
    pub(crate) fn parse(file: &str, text: &str, around: Around) -> Result<Self, UsageError> {
        let document = Document::parse(text).map_err(|error| {
            let found = format!("what is no XML ({error})");
            refuse(file, error.pos(), "the document", &found, "an element <SSLInfo>")
        })?;
        let mut info = Self {
            file: file.to_owned(),
            begin: TextPos::new(1, 1),
            places: Vec::new(),
            switches: Vec::new(),
            key_store: None,
            key_alias: None,
            trust_store: None,
            common_name: None,
            endpoint: None,
        };
        let root = document.root_element();
        match (root.tag_name().name(), around) {
            ("SSLInfo", _) => info.take_settings(root)?,
            ("HTTPTargetConnection", Around::Target) => info.take_target(root)?,
            (found, Around::Nothing) => return Err(info.unfit(root, "the document", found, "<SSLInfo>")),
            (found, Around::Target) => {
                return Err(info.unfit(root, "the document", found, "<SSLInfo> or <HTTPTargetConnection>"));
            }
        }
        Ok(info)
    }

    /// The policy of these settings.
    pub(crate) fn policy<S: Side>(&self) -> Result<Policy<'_, S>, UsageError> {
        let policy = Policy::new(self.settings()?).map_err(|error| self.explain(error))?;
        policy.ok_or_else(|| {
            let wanted = "true: this program speaks nothing but TLS";
            refuse(&self.file, self.begin, "Enabled", "nothing that enables TLS", wanted)
        })
    }

    /// What a site sets.
    pub(crate) fn site(&self) -> Site<'_> {
        Site { key_alias: self.key_alias.as_deref() }
    }

    /// An error with its place in the file and what stands there.
    pub(crate) fn explain(&self, error: PolicyError) -> UsageError {
        self.explain_as(error, error.wanted())
    }

    /// The same, where more is known of what is wanted.
    pub(super) fn explain_as(&self, error: PolicyError, wanted: &str) -> UsageError {
        let (at, what) = self.standing(error.setting());
        refuse(&self.file, at, &what, error.found(), wanted)
    }

    /// An error in what a setting stands for, with the place of the setting.
    pub(super) fn locate(&self, setting: Setting, error: &FileError) -> UsageError {
        let (at, what) = self.standing(setting);
        UsageError(format!("{}:{}:{}: {what}: {error}", self.file, at.row, at.col))
    }

    /// Where a setting stands, and with what in it.
    fn standing(&self, setting: Setting) -> (TextPos, String) {
        match self.places.iter().find(|place| place.setting == setting) {
            Some(place) => (place.at, format!("{setting} '{}'", place.found)),
            None => (self.begin, setting.to_string()),
        }
    }

    fn settings(&self) -> Result<Settings<'_>, UsageError> {
        let on = |setting| self.switches.contains(&setting);
        Ok(Settings {
            enabled: on(Setting::Enabled),
            enforce: on(Setting::Enforce),
            client_auth_enabled: on(Setting::ClientAuthEnabled),
            key_store: self.key_store.as_deref(),
            key_alias: self.key_alias.as_deref(),
            trust_store: self.trust_store.as_deref(),
            dangerous_ignore_validation_errors: on(Setting::IgnoreValidationErrors),
            common_name: self.common_name()?,
        })
    }

    fn common_name(&self) -> Result<Option<CommonName<'_>>, UsageError> {
        let Some(Wanted { name, is_pattern }) = &self.common_name else { return Ok(None) };
        let (parsed, wanted) = if *is_pattern {
            (CommonName::wildcard(name), "a pattern such as *.example.com, or no wildcardMatch")
        } else {
            (CommonName::exact(name), "1 to 256 bytes without control characters")
        };
        parsed.map(Some).map_err(|_| {
            let place = self.places.iter().find(|place| place.setting == Setting::CommonName);
            let at = place.map_or(self.begin, |place| place.at);
            refuse(&self.file, at, "CommonName", &format!("'{name}'"), wanted)
        })
    }

    /// `<HTTPTargetConnection>`: `<URL>` and `<SSLInfo>`.
    fn take_target(&mut self, target: Node<'_, '_>) -> Result<(), UsageError> {
        self.begin = place(target);
        for element in self.elements(target, "<URL> and <SSLInfo>")? {
            match element.tag_name().name() {
                "URL" if self.endpoint.is_none() => {
                    let url = self.text(element)?;
                    let endpoint = Endpoint::parse(&url);
                    let wanted = "https://HOST, :PORT and a path, if it is not /orders";
                    self.endpoint =
                        Some(endpoint.ok_or_else(|| self.unfit(element, "URL", &format!("'{url}'"), wanted))?);
                }
                "SSLInfo" if self.places.is_empty() => self.take_settings(element)?,
                other => return Err(self.unfit(element, "HTTPTargetConnection", other, "one <URL>, one <SSLInfo>")),
            }
        }
        Ok(())
    }

    /// The settings, each at most once.
    fn take_settings(&mut self, info: Node<'_, '_>) -> Result<(), UsageError> {
        self.begin = place(info);
        let names: Vec<_> = Setting::ALL.iter().map(|setting| setting.name()).collect();
        let wanted = format!("one of {}", names.join(", "));
        for element in self.elements(info, &wanted)? {
            let name = element.tag_name().name();
            let Some(setting) = Setting::ALL.iter().copied().find(|setting| setting.name() == name) else {
                self.pass_over(element, &wanted)?;
                continue;
            };
            if self.places.iter().any(|place| place.setting == setting) {
                return Err(self.unfit(element, name, "it a second time", "it once"));
            }
            let found = self.text(element)?;
            self.take(setting, element, &found)?;
            self.places.push(Place { setting, at: place(element), found });
        }
        Ok(())
    }

    fn take(&mut self, setting: Setting, element: Node<'_, '_>, found: &str) -> Result<(), UsageError> {
        let is_pattern = self.wildcard_match(setting, element)?;
        match setting {
            Setting::KeyStore => self.key_store = Some(self.store(element, found)?),
            Setting::TrustStore => self.trust_store = Some(self.store(element, found)?),
            Setting::KeyAlias => self.key_alias = Some(self.name(element, found, found)?),
            Setting::CommonName => self.common_name = Some(Wanted { name: found.to_owned(), is_pattern }),
            switch => {
                if self.switch(element, found)? {
                    self.switches.push(switch);
                }
            }
        }
        Ok(())
    }

    /// Elements that the format has and this program has another way for.
    fn pass_over(&self, element: Node<'_, '_>, wanted: &str) -> Result<(), UsageError> {
        let name = element.tag_name().name();
        let is_empty =
            element.descendants().filter(Node::is_text).all(|node| node.text().unwrap_or_default().trim().is_empty());
        match name {
            "Ciphers" | "Protocols" if is_empty => Ok(()),
            "Ciphers" => Err(self.unfit(element, name, "a list", "it empty: --suites chooses cipher suites")),
            "Protocols" => Err(self.unfit(element, name, "a list", "it empty: TLSv1.3 is all there is")),
            "UseBuiltInFreeTrialCert" => {
                let found = self.text(element)?;
                if !self.switch(element, &found)? {
                    return Ok(());
                }
                let wanted = "false, and KeyStore: no certificate is built in, and none would change what ClientAuthEnabled says";
                Err(self.unfit(element, name, "true", wanted))
            }
            _ => Err(self.unfit(element, "SSLInfo", &format!("<{name}>"), wanted)),
        }
    }

    /// The name of a store, or of a reference.
    fn store(&self, element: Node<'_, '_>, found: &str) -> Result<String, UsageError> {
        let name = found.strip_prefix("ref://").unwrap_or(found);
        self.name(element, found, name).map(|_| found.to_owned())
    }

    /// A name that stands for files.
    fn name(&self, element: Node<'_, '_>, found: &str, name: &str) -> Result<String, UsageError> {
        let what = element.tag_name().name();
        if name.starts_with('{') {
            let wanted = "a name: for one connection, gateway --alias shows another alias";
            return Err(self.unfit(element, what, &format!("the flow variable '{found}'"), wanted));
        }
        // What is empty is refused with the policy.
        if name.is_empty() || is_file_name(name) {
            return Ok(found.to_owned());
        }
        let letters = "letters, digits, '-', '_' and '.', the first of them no '.'";
        let wanted = if what == Setting::KeyAlias.name() {
            letters.to_owned()
        } else {
            format!("a name, or ref:// and a name: {letters}")
        };
        Err(self.unfit(element, what, &format!("'{found}'"), &wanted))
    }

    fn switch(&self, element: Node<'_, '_>, found: &str) -> Result<bool, UsageError> {
        match found {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.unfit(element, element.tag_name().name(), &format!("'{found}'"), "true or false")),
        }
    }

    /// The only attribute there is.
    fn wildcard_match(&self, setting: Setting, element: Node<'_, '_>) -> Result<bool, UsageError> {
        let mut is_pattern = false;
        for attribute in element.attributes() {
            if attribute.name() != "wildcardMatch" || setting != Setting::CommonName {
                let found = format!("the attribute {}", attribute.name());
                return Err(self.unfit(element, setting.name(), &found, "wildcardMatch on CommonName, or none"));
            }
            is_pattern = self.switch(element, attribute.value())?;
        }
        Ok(is_pattern)
    }

    /// The elements in an element; between them is nothing but white space and comments.
    fn elements<'d>(&self, parent: Node<'d, 'd>, wanted: &str) -> Result<Vec<Node<'d, 'd>>, UsageError> {
        let stray = |child: &Node<'_, '_>| child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty());
        match parent.children().find(stray) {
            Some(text) => Err(self.unfit(text, parent.tag_name().name(), "text", wanted)),
            None => Ok(parent.children().filter(Node::is_element).collect()),
        }
    }

    /// The text of an element that has no elements in it, without the white space around it.
    fn text(&self, element: Node<'_, '_>) -> Result<String, UsageError> {
        match element.children().find(Node::is_element) {
            Some(inner) => {
                let found = format!("<{}> in it", inner.tag_name().name());
                Err(self.unfit(inner, element.tag_name().name(), &found, "text"))
            }
            None => Ok(element
                .children()
                .filter(Node::is_text)
                .filter_map(|child| child.text())
                .collect::<String>()
                .trim()
                .to_owned()),
        }
    }

    fn unfit(&self, node: Node<'_, '_>, what: &str, found: &str, wanted: &str) -> UsageError {
        refuse(&self.file, place(node), what, found, wanted)
    }
}

/// Whether a name is that of a file or a folder in the folder of the policy, and nowhere else.
pub(super) fn is_file_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

fn place(node: Node<'_, '_>) -> TextPos {
    node.document().text_pos_at(node.range().start)
}

fn refuse(file: &str, at: TextPos, what: &str, found: &str, wanted: &str) -> UsageError {
    UsageError(format!("{file}:{}:{}: {what}: found {found}, wanted {wanted}", at.row, at.col))
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_mtls::{Client, Server};

    const TARGET: &str = r#"<?xml version="1.0"?>
<SSLInfo>
  <!-- as an operator writes it -->
  <Enabled>true</Enabled>
  <Enforce>true</Enforce>
  <ClientAuthEnabled>true</ClientAuthEnabled>
  <KeyStore>ref://gateway</KeyStore>
  <KeyAlias>20<!-- or 2027, from January on -->26</KeyAlias>
  <TrustStore> suppliers </TrustStore>
  <Ciphers/>
  <Protocols><!-- all --></Protocols>
  <CommonName wildcardMatch="true">*.myhost.com</CommonName>
</SSLInfo>
"#;

    fn info(text: &str) -> Result<SslInfo, String> {
        SslInfo::parse("policy.xml", text, Around::Target).map_err(|error| error.to_string())
    }

    fn settings(inside: &str) -> String {
        format!("<SSLInfo>\n  <Enabled>true</Enabled>\n  {inside}\n</SSLInfo>")
    }

    /// The error of a client, or of a server.
    fn refusal(text: &str, is_client: bool) -> String {
        let read = info(text);
        let policy = read.as_ref().map_err(Clone::clone).and_then(|info| {
            let outcome = if is_client { info.policy::<Client>().err() } else { info.policy::<Server>().err() };
            outcome.map_or(Ok(()), |error| Err(error.to_string()))
        });
        policy.expect_err("it is wrong")
    }

    #[test]
    fn a_snippet_as_operators_have_it_is_read_into_the_policy_of_a_client() {
        let info = info(TARGET).unwrap();
        let policy = info.policy::<Client>().unwrap();
        let wanted = Settings {
            enabled: true,
            enforce: true,
            client_auth_enabled: true,
            key_store: Some("ref://gateway"),
            key_alias: Some("2026"),
            trust_store: Some("suppliers"),
            dangerous_ignore_validation_errors: false,
            common_name: Some(CommonName::wildcard("*.myhost.com").unwrap()),
        };
        assert_eq!(policy.settings(), &wanted);
    }

    #[test]
    fn the_same_snippet_serves_a_server_but_for_the_common_name() {
        assert_eq!(
            refusal(TARGET, false),
            "policy.xml:12:3: CommonName '*.myhost.com': found a common name of a server on a server, wanted none: only \
             clients ask for one"
        );
        let server: String = TARGET.lines().filter(|line| !line.contains("CommonName")).collect();
        assert!(info(&server).unwrap().policy::<Server>().is_ok());
    }

    #[test]
    fn contradictions_are_told_with_line_and_column() {
        for (inside, is_client, text) in [
            (
                "<KeyAlias>2026</KeyAlias>",
                true,
                "3:3: KeyAlias '2026': found an alias without KeyStore, wanted KeyStore beside it, or no alias",
            ),
            (
                "",
                true,
                "1:1: TrustStore: found nothing, wanted the store of the servers' authorities: none are built in",
            ),
            (
                "<KeyStore>own</KeyStore><ClientAuthEnabled>true</ClientAuthEnabled>",
                false,
                "3:27: ClientAuthEnabled 'true': found true on a server without TrustStore, wanted TrustStore with the \
                 authorities of the clients, or false",
            ),
            (
                "<TrustStore>ref://</TrustStore>",
                true,
                "3:3: TrustStore 'ref://': found an empty name, wanted one of at least a character",
            ),
        ] {
            assert_eq!(refusal(&settings(inside), is_client), format!("policy.xml:{text}"));
        }
        let off = "<SSLInfo>\n<Enabled>false</Enabled>\n</SSLInfo>";
        let text =
            "policy.xml:1:1: Enabled: found nothing that enables TLS, wanted true: this program speaks nothing but TLS";
        assert_eq!(refusal(off, true), text);
    }

    #[test]
    fn what_is_not_understood_is_told_with_line_and_column_and_what_is_wanted() {
        let names = "one of ClientAuthEnabled, CommonName, Enabled, Enforce, IgnoreValidationErrors, KeyAlias, KeyStore, \
                     TrustStore";
        let unknown = format!("3:3: SSLInfo: found <Enforced>, wanted {names}");
        let stray = format!("2:26: SSLInfo: found text, wanted {names}");
        for (inside, text) in [
            ("<Enforced>true</Enforced>", unknown.as_str()),
            ("yes", stray.as_str()),
            ("<Enforce>yes</Enforce>", "3:3: Enforce: found 'yes', wanted true or false"),
            ("<Enforce>True</Enforce>", "3:3: Enforce: found 'True', wanted true or false"),
            ("<Enforce/>", "3:3: Enforce: found '', wanted true or false"),
            ("<Enabled>true</Enabled>", "3:3: Enabled: found it a second time, wanted it once"),
            ("<Enforce><b/></Enforce>", "3:12: Enforce: found <b> in it, wanted text"),
            (
                "<KeyStore wildcardMatch='true'>a</KeyStore>",
                "3:3: KeyStore: found the attribute wildcardMatch, wanted wildcardMatch on CommonName, or none",
            ),
            ("<CommonName wildcardMatch='1'>a</CommonName>", "3:3: CommonName: found '1', wanted true or false"),
            (
                "<KeyStore>ref:/gateway</KeyStore>",
                "3:3: KeyStore: found 'ref:/gateway', wanted a name, or ref:// and a name: letters, digits, '-', '_' and \
                 '.', the first of them no '.'",
            ),
            (
                "<KeyAlias>../etc</KeyAlias>",
                "3:3: KeyAlias: found '../etc', wanted letters, digits, '-', '_' and '.', the first of them no '.'",
            ),
            (
                "<KeyAlias>{alias}</KeyAlias>",
                "3:3: KeyAlias: found the flow variable '{alias}', wanted a name: for one connection, gateway --alias shows \
                 another alias",
            ),
            (
                "<Protocols><Protocol>TLSv1.2</Protocol></Protocols>",
                "3:3: Protocols: found a list, wanted it empty: TLSv1.3 is all there is",
            ),
            (
                "<Ciphers><Cipher>X</Cipher></Ciphers>",
                "3:3: Ciphers: found a list, wanted it empty: --suites chooses cipher suites",
            ),
        ] {
            assert_eq!(info(&settings(inside)).unwrap_err(), format!("policy.xml:{text}"), "{inside}");
        }
        let names = settings("<TrustStore>t</TrustStore><CommonName wildcardMatch='true'>myhost.com</CommonName>");
        let text = "policy.xml:3:29: CommonName: found 'myhost.com', wanted a pattern such as *.example.com, or no wildcardMatch";
        assert_eq!(refusal(&names, true), text);
        assert!(info("<SSLInfo><Enabled>").unwrap_err().starts_with("policy.xml:1:"));
        assert_eq!(
            info("\n<VirtualHost/>").unwrap_err(),
            "policy.xml:2:1: the document: found VirtualHost, wanted <SSLInfo> or <HTTPTargetConnection>"
        );
    }

    // U39
    #[test]
    fn a_built_in_certificate_is_refused_and_would_not_switch_client_authentication_off() {
        let built_in = settings("<UseBuiltInFreeTrialCert>true</UseBuiltInFreeTrialCert>");
        let text = "policy.xml:3:3: UseBuiltInFreeTrialCert: found true, wanted false, and KeyStore: no certificate is built \
                    in, and none would change what ClientAuthEnabled says";
        assert_eq!(info(&built_in).unwrap_err(), text);
        assert!(info(&built_in.replace(">true</Use", ">false</Use")).is_ok());
    }

    // U65
    #[test]
    fn a_target_of_a_site_says_where_to_and_which_alias_and_nothing_else() {
        let target = |info: &str| {
            format!(
                "<HTTPTargetConnection>\n<URL>https://supplier.example:8443/cxml</URL>\n<SSLInfo>\n{info}\n</SSLInfo>\n</HTTPTargetConnection>"
            )
        };
        let folder = std::env::temp_dir().join(format!("embedded-mtls-site-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("site.xml");
        let read = |info: &str| {
            std::fs::write(&file, target(info)).unwrap();
            SslInfo::read_site(file.to_str().unwrap(), Around::Target).map_err(|error| error.to_string())
        };
        let site = read("<KeyAlias>2027</KeyAlias>").unwrap();
        let endpoint = site.endpoint.as_ref().unwrap();
        assert_eq!((endpoint.address.as_str(), endpoint.host.as_str()), ("supplier.example:8443", "supplier.example"));
        assert_eq!((endpoint.path.as_deref(), site.site()), (Some("/cxml"), Site { key_alias: Some("2027") }));
        for locked in [
            "<Enforce>false</Enforce>",
            "<TrustStore>mine</TrustStore>",
            "<KeyStore>mine</KeyStore>",
            "<CommonName>mine</CommonName>",
            "<Enabled>true</Enabled>",
            "<ClientAuthEnabled>false</ClientAuthEnabled>",
            "<IgnoreValidationErrors>true</IgnoreValidationErrors>",
        ] {
            let error = read(locked).unwrap_err();
            let setting = locked.trim_start_matches('<').split('>').next().unwrap();
            assert!(error.contains(&format!("site.xml:4:1: {setting} '")), "{error}");
            assert!(
                error.ends_with("found it in what a site sets, wanted no setting but KeyAlias: the rest is locked"),
                "{error}"
            );
        }
        assert!(read("</SSLInfo><URL>https://a/</URL><SSLInfo>").unwrap_err().contains("one <URL>, one <SSLInfo>"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
