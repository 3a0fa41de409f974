//! Policy files: the `<SSLInfo>` of gateways that are configured by XML, read strictly. Anything that is not understood
//! is rejected with its line and column, and with what is expected there.

use embedded_mtls::Side;
use embedded_mtls::x509::CommonName;
use embedded_mtls_operator::policy::{Policy, PolicyError, Setting, Settings, Site};
use mtls_pki::pem::{FileError, quoted};
use roxmltree::{Document, Node, TextPos};

use super::super::args::UsageError;
use super::Wanted;
use super::endpoint::Endpoint;

/// The settings of a policy file with their places.
#[derive(Debug)]
pub struct SslInfo {
    file: String,
    /// The place where the settings begin, for errors about missing ones.
    begin: TextPos,
    places: Vec<Place>,
    switches: Vec<Setting>,
    key_store: Option<String>,
    key_alias: Option<String>,
    trust_store: Option<String>,
    common_name: Option<Wanted>,
    /// The endpoint of a client's target, if the file names one.
    pub(crate) endpoint: Option<Endpoint>,
}

/// The place of a setting, and its text.
#[derive(Debug)]
struct Place {
    setting: Setting,
    at: TextPos,
    found: String,
}

/// The kind of document that contains the settings. Of its other content, only the address of a target is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// A server's: `<VirtualHost>`, or nothing around `<SSLInfo>`.
    Host,
    /// A client's: `<TargetEndpoint>`, `<HTTPTargetConnection>` or `<TargetServer>`, or nothing around `<SSLInfo>`.
    Target,
}

impl Around {
    /// Returns the possible root elements.
    const fn roots(self) -> &'static [&'static str] {
        match self {
            Self::Host => &["SSLInfo", "VirtualHost"],
            Self::Target => &["SSLInfo", "HTTPTargetConnection", "TargetEndpoint", "TargetServer"],
        }
    }
}

impl SslInfo {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read or contradicts itself; the error has the place in the file.
    pub fn read(file: &str, around: Around) -> Result<Self, UsageError> {
        let text = std::fs::read_to_string(file).map_err(|error| UsageError(format!("{file}: {error}")))?;
        Self::parse(file, &text, around)
    }

    /// Reads the file of a site: the alias and the endpoint. Everything else is locked.
    ///
    /// # Errors
    /// As for [`read`](Self::read), and for settings that a site may not change.
    pub fn read_site(file: &str, around: Around) -> Result<Self, UsageError> {
        let site = Self::read(file, around)?;
        for place in &site.places {
            Site::check(place.setting).map_err(|error| site.explain(error))?;
        }
        Ok(site)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn parse(file: &str, text: &str, around: Around) -> Result<Self, UsageError> {
        // The message of the library quotes the text, which may be a key if the file is the wrong one.
        let document = Document::parse(text).map_err(|error| {
            refuse(file, error.pos(), "the document", "something other than XML", "an element <SSLInfo>")
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
        let roots = around.roots();
        if !roots.contains(&root.tag_name().name()) {
            let wanted = roots.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(" or ");
            return Err(info.unfit(root, "the document", &element(root), &wanted));
        }
        info.begin = place(root);
        info.take_document(root)?;
        Ok(info)
    }

    /// Returns the policy of these settings.
    ///
    /// # Errors
    /// Settings that contradict each other, or that do not enable TLS.
    pub fn policy<S: Side>(&self) -> Result<Policy<'_, S>, UsageError> {
        let policy = Policy::new(self.settings()?).map_err(|error| self.explain(error))?;
        policy.ok_or_else(|| {
            let wanted = "true: this program supports only TLS";
            refuse(&self.file, self.begin, "Enabled", "nothing that enables TLS", wanted)
        })
    }

    /// Lists the warnings about settings that have no effect where they are.
    pub(crate) fn without_effect<S: Side>(&self, policy: &Policy<'_, S>) -> Vec<String> {
        let told = |setting: Setting| {
            let (at, what) = self.standing(setting);
            let why = match setting {
                Setting::IgnoreValidationErrors if policy.is_ignoring_overruled() => "Enforce overrules it",
                _ => "without ClientAuthEnabled it is not used",
            };
            format!("warning: {}:{}:{}: {what} has no effect: {why}", self.file, at.row, at.col)
        };
        policy.without_effect().map(told).collect()
    }

    /// Returns the settings of a site.
    pub(crate) fn site(&self) -> Site<'_> {
        Site { key_alias: self.key_alias.as_deref() }
    }

    /// Explains an error with its place in the file and the text there.
    pub(crate) fn explain(&self, error: PolicyError) -> UsageError {
        self.explain_as(error, error.wanted())
    }

    /// Explains an error for which more is known about the expected value.
    pub(super) fn explain_as(&self, error: PolicyError, wanted: &str) -> UsageError {
        let (at, what) = self.standing(error.setting());
        refuse(&self.file, at, &what, error.found(), wanted)
    }

    /// Explains an error in the target of a setting, with the place of the setting.
    pub(super) fn locate(&self, setting: Setting, error: &FileError) -> UsageError {
        let (at, what) = self.standing(setting);
        UsageError(format!("{}:{}:{}: {what}: {error}", self.file, at.row, at.col))
    }

    /// Returns the place of a setting, and its name and value for messages.
    fn standing(&self, setting: Setting) -> (TextPos, String) {
        match self.places.iter().find(|place| place.setting == setting) {
            Some(place) => (place.at, format!("{setting} {}", quoted(&place.found))),
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
            refuse(&self.file, at, "CommonName", &quoted(name), wanted)
        })
    }

    /// Reads the document: its settings, the address of a target, and the switch that may be next to the settings.
    fn take_document(&mut self, root: Node<'_, '_>) -> Result<(), UsageError> {
        let elements = || root.descendants().filter(Node::is_element);
        let mut infos = elements().filter(|node| node.has_tag_name("SSLInfo"));
        if let Some(info) = infos.next() {
            self.take_settings(info)?;
        }
        if let Some(second) = infos.next() {
            return Err(self.unfit(second, "the document", "a second <SSLInfo>", "one"));
        }
        for trial in elements().filter(|node| node.has_tag_name("UseBuiltInFreeTrialCert")) {
            self.refuse_built_in(trial)?;
        }
        let of_target = |name| {
            let parents = ["HTTPTargetConnection", "TargetServer"];
            elements().filter(move |node| {
                let parent = node.parent().map(|parent| parent.tag_name().name());
                node.has_tag_name(name) && parent.is_some_and(|parent| parents.contains(&parent))
            })
        };
        let mut urls = of_target("URL");
        if let Some(url) = urls.next() {
            let wanted = "https://HOST, :PORT and a path, if it is not /orders, without user and password";
            let endpoint = Endpoint::parse(&self.text(url)?);
            // A URL may hold a password.
            self.endpoint = Some(endpoint.ok_or_else(|| self.unfit(url, "URL", "an invalid one", wanted))?);
        }
        if let Some(second) = urls.next() {
            return Err(self.unfit(second, "the document", "a second <URL>", "one"));
        }
        if let Some(host) = of_target("Host").next() {
            let port = of_target("Port").next().map(|port| self.text(port)).transpose()?;
            let url = format!("https://{}:{}", self.text(host)?, port.as_deref().unwrap_or("443"));
            let wanted = "the name or the address of a server, and a number as <Port>";
            self.endpoint =
                Some(Endpoint::parse(&url).ok_or_else(|| self.unfit(host, "Host", "an invalid one", wanted))?);
        }
        if let Some(switch) = of_target("IsEnabled").next() {
            let found = self.text(switch)?;
            if !self.switch(switch, &found)? {
                let wanted = "true: nothing is sent to a disabled target";
                return Err(self.unfit(switch, "IsEnabled", "false", wanted));
            }
        }
        Ok(())
    }

    /// Rejects the built-in trial certificate: this program has none.
    fn refuse_built_in(&self, trial: Node<'_, '_>) -> Result<(), UsageError> {
        let found = self.text(trial)?;
        if !self.switch(trial, &found)? {
            return Ok(());
        }
        let wanted = "false, and in SSLInfo a KeyStore with a certificate of yours: none is built in, and none would change \
                      what ClientAuthEnabled means";
        Err(self.unfit(trial, "UseBuiltInFreeTrialCert", "true", wanted))
    }

    /// Reads the settings, each at most once.
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
                return Err(self.unfit(element, name, "a duplicate", "it once"));
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

    /// Skips an element of the format for which this program has another option.
    fn pass_over(&self, element: Node<'_, '_>, wanted: &str) -> Result<(), UsageError> {
        let name = element.tag_name().name();
        let is_empty =
            element.descendants().filter(Node::is_text).all(|node| node.text().unwrap_or_default().trim().is_empty());
        match name {
            "Ciphers" | "Protocols" if is_empty => Ok(()),
            "Ciphers" => Err(self.unfit(element, name, "a list", "it to be empty: --suites selects cipher suites")),
            "Protocols" => Err(self.unfit(element, name, "a list", "it to be empty: only TLSv1.3 is supported")),
            // The document decides about it, wherever it is.
            "UseBuiltInFreeTrialCert" => Ok(()),
            _ => Err(self.unfit(element, "SSLInfo", &self::element(element), wanted)),
        }
    }

    /// Reads the name of a store, or of a reference.
    fn store(&self, element: Node<'_, '_>, found: &str) -> Result<String, UsageError> {
        let name = found.strip_prefix("ref://").unwrap_or(found);
        self.name(element, found, name).map(|_| found.to_owned())
    }

    /// Checks a name that denotes files.
    fn name(&self, element: Node<'_, '_>, found: &str, name: &str) -> Result<String, UsageError> {
        let what = element.tag_name().name();
        if let Some(name) = found.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let wanted =
                "a flow variable such as {ssl.keystore}: letters, digits, '-', '_' and '.', not beginning with '.'";
            return if is_file_name(name) {
                Ok(found.to_owned())
            } else {
                Err(self.unfit(element, what, &quoted(found), wanted))
            };
        }
        // An empty name is rejected with the policy.
        if name.is_empty() || is_file_name(name) {
            return Ok(found.to_owned());
        }
        let letters = "letters, digits, '-', '_' and '.', not beginning with '.'";
        let wanted = if what == Setting::KeyAlias.name() {
            letters.to_owned()
        } else {
            format!("a name, or ref:// and a name: {letters}")
        };
        Err(self.unfit(element, what, &quoted(found), &wanted))
    }

    fn switch(&self, element: Node<'_, '_>, found: &str) -> Result<bool, UsageError> {
        match found {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.unfit(element, element.tag_name().name(), &quoted(found), "true or false")),
        }
    }

    /// Reads the only attribute.
    fn wildcard_match(&self, setting: Setting, element: Node<'_, '_>) -> Result<bool, UsageError> {
        let mut is_pattern = false;
        for attribute in element.attributes() {
            if attribute.name() != "wildcardMatch" || setting != Setting::CommonName {
                let found = format!("the attribute {}", quoted(attribute.name()));
                return Err(self.unfit(element, setting.name(), &found, "wildcardMatch on CommonName, or none"));
            }
            is_pattern = self.switch(element, attribute.value())?;
        }
        Ok(is_pattern)
    }

    /// Returns the elements in an element, with only white space and comments between them.
    fn elements<'d>(&self, parent: Node<'d, 'd>, wanted: &str) -> Result<Vec<Node<'d, 'd>>, UsageError> {
        let stray = |child: &Node<'_, '_>| child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty());
        match parent.children().find(stray) {
            Some(text) => Err(self.unfit(text, parent.tag_name().name(), "text", wanted)),
            None => Ok(parent.children().filter(Node::is_element).collect()),
        }
    }

    /// Returns the trimmed text of an element that contains no elements.
    fn text(&self, element: Node<'_, '_>) -> Result<String, UsageError> {
        match element.children().find(Node::is_element) {
            Some(inner) => {
                let found = format!("{} in it", self::element(inner));
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

/// Returns whether a name can only denote a file or folder in the folder of the policy.
pub(super) fn is_file_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

/// Names an element.
fn element(node: Node<'_, '_>) -> String {
    let name = node.tag_name().name();
    if is_file_name(name) && quoted(name).contains(name) { format!("<{name}>") } else { "an element".to_owned() }
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
    fn the_same_snippet_serves_a_server_without_the_common_name() {
        assert_eq!(
            refusal(TARGET, false),
            "policy.xml:12:3: CommonName '*.myhost.com': found a server's common name on a server, wanted none: only \
             clients check one"
        );
        let server: String = TARGET.lines().filter(|line| !line.contains("CommonName")).collect();
        assert!(info(&server).unwrap().policy::<Server>().is_ok());
    }

    #[test]
    fn contradictions_are_reported_with_line_and_column() {
        for (inside, is_client, text) in [
            (
                "<KeyAlias>2026</KeyAlias>",
                true,
                "3:3: KeyAlias '2026': found an alias without KeyStore, wanted a KeyStore as well, or no alias",
            ),
            ("", true, "1:1: TrustStore: found nothing, wanted the store of the servers' CAs: none are built in"),
            (
                "<KeyStore>own</KeyStore><ClientAuthEnabled>true</ClientAuthEnabled>",
                false,
                "3:27: ClientAuthEnabled 'true': found true on a server without TrustStore, wanted TrustStore with the \
                 CAs of the clients, or false",
            ),
            (
                "<TrustStore>ref://</TrustStore>",
                true,
                "3:3: TrustStore 'ref://': found an empty name, wanted at least one character",
            ),
        ] {
            assert_eq!(refusal(&settings(inside), is_client), format!("policy.xml:{text}"));
        }
        let off = "<SSLInfo>\n<Enabled>false</Enabled>\n</SSLInfo>";
        let text =
            "policy.xml:1:1: Enabled: found nothing that enables TLS, wanted true: this program supports only TLS";
        assert_eq!(refusal(off, true), text);
    }

    #[test]
    fn unknown_elements_are_reported_with_line_column_and_what_is_wanted() {
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
            ("<Enabled>true</Enabled>", "3:3: Enabled: found a duplicate, wanted it once"),
            ("<Enforce><b/></Enforce>", "3:12: Enforce: found <b> in it, wanted text"),
            (
                "<KeyStore wildcardMatch='true'>a</KeyStore>",
                "3:3: KeyStore: found the attribute 'wildcardMatch', wanted wildcardMatch on CommonName, or none",
            ),
            ("<CommonName wildcardMatch='1'>a</CommonName>", "3:3: CommonName: found '1', wanted true or false"),
            (
                "<KeyStore>ref:/gateway</KeyStore>",
                "3:3: KeyStore: found 'ref:/gateway', wanted a name, or ref:// and a name: letters, digits, '-', '_' and \
                 '.', not beginning with '.'",
            ),
            (
                "<KeyAlias>../etc</KeyAlias>",
                "3:3: KeyAlias: found '../etc', wanted letters, digits, '-', '_' and '.', not beginning with '.'",
            ),
            (
                "<KeyAlias>{../etc}</KeyAlias>",
                "3:3: KeyAlias: found '{../etc}', wanted a flow variable such as {ssl.keystore}: letters, digits, '-', '_' and '.', \
                 not beginning with '.'",
            ),
            (
                "<KeyStore>ref://{store}</KeyStore>",
                "3:3: KeyStore: found 'ref://{store}', wanted a name, or ref:// and a name: letters, digits, '-', '_' and \
                 '.', not beginning with '.'",
            ),
            (
                "<Protocols><Protocol>TLSv1.2</Protocol></Protocols>",
                "3:3: Protocols: found a list, wanted it to be empty: only TLSv1.3 is supported",
            ),
            (
                "<Ciphers><Cipher>X</Cipher></Ciphers>",
                "3:3: Ciphers: found a list, wanted it to be empty: --suites selects cipher suites",
            ),
        ] {
            assert_eq!(info(&settings(inside)).unwrap_err(), format!("policy.xml:{text}"), "{inside}");
        }
        let names = settings("<TrustStore>t</TrustStore><CommonName wildcardMatch='true'>a.*.com</CommonName>");
        let text =
            "policy.xml:3:29: CommonName: found 'a.*.com', wanted a pattern such as *.example.com, or no wildcardMatch";
        assert_eq!(refusal(&names, true), text);
        assert!(info("<SSLInfo><Enabled>").unwrap_err().starts_with("policy.xml:1:"));
        assert_eq!(
            info("\n<VirtualHost/>").unwrap_err(),
            "policy.xml:2:1: the document: found <VirtualHost>, wanted <SSLInfo> or <HTTPTargetConnection> or \
             <TargetEndpoint> or <TargetServer>"
        );
    }

    // U39
    #[test]
    fn a_built_in_certificate_is_rejected_and_would_not_switch_client_authentication_off() {
        let built_in = settings("<UseBuiltInFreeTrialCert>true</UseBuiltInFreeTrialCert>");
        let text = "policy.xml:3:3: UseBuiltInFreeTrialCert: found true, wanted false, and in SSLInfo a KeyStore with a \
                    certificate of yours: none is built in, and none would change what ClientAuthEnabled means";
        assert_eq!(info(&built_in).unwrap_err(), text);
        let beside = "<VirtualHost name='v'>\n<SSLInfo><Enabled>true</Enabled></SSLInfo>\n\
                      <UseBuiltInFreeTrialCert>true</UseBuiltInFreeTrialCert></VirtualHost>";
        let error = SslInfo::parse("v.xml", beside, Around::Host).unwrap_err().to_string();
        assert!(
            error.starts_with("v.xml:3:1: UseBuiltInFreeTrialCert: found true, wanted false, and in SSL"),
            "{error}"
        );
        assert!(info(&built_in.replace(">true</Use", ">false</Use")).is_ok());
    }

    // As in the documentation of gateways, with everything else around it.
    #[test]
    fn settings_are_read_from_the_documents_in_which_operators_have_them() {
        let inside = "<SSLInfo><Enabled>true</Enabled><KeyStore>own</KeyStore><TrustStore>t</TrustStore></SSLInfo>";
        let read = |text: &str, around| SslInfo::parse("x.xml", text, around).map_err(|error| error.to_string());
        let connection = "<HTTPTargetConnection><Properties/><URL>https://supplier.example/orders</URL>";
        let server = "<TargetServer name='t'><Host>supplier.example</Host><Port>443</Port><IsEnabled>true</IsEnabled>";
        for target in [
            format!("{connection}{inside}</HTTPTargetConnection>"),
            format!("<TargetEndpoint name='default'>{connection}{inside}</HTTPTargetConnection></TargetEndpoint>"),
            format!("{server}{inside}</TargetServer>"),
        ] {
            let info = read(&target, Around::Target).unwrap();
            assert!(info.policy::<Client>().is_ok(), "{target}");
            assert_eq!(info.endpoint.unwrap().address, "supplier.example:443", "{target}");
            assert!(read(&target, Around::Host).unwrap_err().contains("wanted <SSLInfo> or <VirtualHost>"));
        }
        let host = format!(
            "<VirtualHost name='secure'>\n...\n<HostAliases><HostAlias>a.example</HostAlias></HostAliases>\
             <Port>443</Port>{inside}</VirtualHost>"
        );
        let info = read(&host, Around::Host).unwrap();
        assert!(info.policy::<Server>().is_ok() && info.endpoint.is_none());
        let off = format!("{server}{inside}</TargetServer>").replace("<IsEnabled>true", "<IsEnabled>false");
        assert!(read(&off, Around::Target).unwrap_err().contains("IsEnabled: found false, wanted true"));
    }

    #[test]
    fn settings_without_effect_are_reported_with_their_place() {
        let told = |text: &str| {
            let info = info(&settings(text)).unwrap();
            info.without_effect(&info.policy::<Client>().unwrap())
        };
        assert_eq!(told("<TrustStore>t</TrustStore>"), [""; 0]);
        assert_eq!(
            told("<TrustStore>t</TrustStore><KeyStore>k</KeyStore>"),
            ["warning: policy.xml:3:29: KeyStore 'k' has no effect: without ClientAuthEnabled it is not used"]
        );
        let ignoring =
            "<TrustStore>t</TrustStore><Enforce>true</Enforce><IgnoreValidationErrors>true</IgnoreValidationErrors>";
        let [told] = &told(ignoring)[..] else { panic!("one is told") };
        assert!(told.ends_with("IgnoreValidationErrors 'true' has no effect: Enforce overrules it"), "{told}");
    }

    // U65
    #[test]
    fn a_target_of_a_site_sets_the_address_and_the_alias_and_nothing_else() {
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
                error.ends_with("found it in the settings of a site, wanted only KeyAlias: the rest is locked"),
                "{error}"
            );
        }
        assert!(
            read("</SSLInfo><URL>https://a/</URL><SSLInfo>")
                .unwrap_err()
                .contains("found a second <SSLInfo>, wanted one")
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
