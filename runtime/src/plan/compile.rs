//! From the model's rules, expressions and formats to compiled ones: words looked up, names turned into ids.
//!
//! [`Compiler`] is made once; [`Compiler::proxy`] gives a [`ProxyCompiler`] that knows the access lists of one proxy.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use locum_model::{
    Located, Model, Origin, acl as model_acl,
    expr::{self as model_expr, FormatPart},
    proxy as model_proxy, rule as model_rule,
};
use smallvec::{SmallVec, smallvec};

use super::{
    ProxyId, ServerId, TableId,
    args::{Arg, Args},
    userlist::Userlist,
};
use crate::{
    rules::{
        Acl, Condition, Rule, RuleTable, Term,
        error_table::ErrorTable,
        pattern::{Map, PatternError, Patterns, Reference},
        reply::{Body, NotAResponse, Reply, raw_page},
    },
    sample::{
        expr::Expr,
        format::{Format, Part, Style},
        regex::{Regex, RegexError},
    },
    vocab::{RuleSets, Vocabulary},
};

/// Turns names into ids.
pub trait Names {
    /// A proxy.
    fn proxy(&self, name: &str) -> Option<ProxyId>;
    /// A server of a backend.
    fn server(&self, backend: &str, server: &str) -> Option<ServerId>;
    /// A stick table, by its proxy's name.
    fn table(&self, name: &str) -> Option<TableId>;
}

/// What can't be compiled, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// The line.
    pub at: Origin,
    /// What is wrong.
    pub kind: PlanErrorKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the names say it; the text is the name in question"
)]
pub enum PlanErrorKind {
    UnknownFetch(String),
    UnknownConverter(String),
    UnknownMatcher(String),
    UnknownAction(String),
    UnknownAlias(String),
    UnknownFilter(String),
    UnknownProxy(String),
    UnknownServer(String, String),
    UnknownUserlist(String),
    UnknownAcl(String),
    UnknownErrorPages(String),
    UnknownPatterns(usize),
    UnknownTable(String),
    Regex(String, RegexError),
    Pattern(PatternError),
    /// An error file is no response.
    ErrorFile,
}

/// Compiles for one model.
pub struct Compiler<'m> {
    vocabulary: Vocabulary,
    model: &'m Model,
    names: &'m dyn Names,
    userlists: HashMap<&'m str, Arc<Userlist>>,
    pattern_lists: Box<[Arc<Reference>]>,
    tells_server_source: Cell<bool>,
}

impl<'m> Compiler<'m> {
    /// Over a model whose proxies and servers `names` knows; indexes its lists of patterns.
    ///
    /// # Errors
    /// A list with a pattern that one of its uses doesn't take.
    pub fn new(
        vocabulary: Vocabulary,
        model: &'m Model,
        names: &'m dyn Names,
    ) -> Result<Self, PlanError> {
        let lists = model.pattern_lists.iter().map(|list| {
            let reference = Reference::new(list, vocabulary.matcher).map(Arc::new);
            let at = list
                .uses
                .first()
                .map(|by| by.at.clone())
                .unwrap_or_default();
            located(&at, reference.map_err(PlanErrorKind::Pattern))
        });
        let userlists = model
            .userlists
            .iter()
            .map(|list| (list.name.as_str(), Arc::new(Userlist::new(list))))
            .collect();
        Ok(Self {
            vocabulary,
            model,
            names,
            userlists,
            pattern_lists: lists.collect::<Result<_, PlanError>>()?,
            tells_server_source: Cell::new(false),
        })
    }

    /// The lists of patterns.
    pub fn pattern_lists(&self) -> &[Arc<Reference>] {
        &self.pattern_lists
    }

    fn pattern_list(&self, place: usize) -> Result1<Arc<Reference>> {
        let list = self.pattern_lists.get(place).cloned();
        list.ok_or(PlanErrorKind::UnknownPatterns(place))
    }

    /// Whether anything compiled so far tells our end of a connection to a server.
    pub fn tells_server_source(&self) -> bool {
        self.tells_server_source.get()
    }

    fn note_word(&self, name: &str) {
        if (self.vocabulary.tells_server_source)(name) {
            self.tells_server_source.set(true);
        }
    }

    /// A compiler for what stands in a proxy; compiles its access lists.
    ///
    /// # Errors
    /// An access list that can't be compiled.
    pub fn proxy<'c>(
        &'c self,
        proxy: &'m model_proxy::Proxy,
    ) -> Result<ProxyCompiler<'c, 'm>, PlanError> {
        let mut compiler = ProxyCompiler {
            all: self,
            proxy: &proxy.name,
            acls: HashMap::new(),
        };
        let mut acls: HashMap<&str, Vec<Arc<Acl>>> = HashMap::new();
        for acl in &proxy.acls {
            let compiled = Arc::new(compiler.acl(acl)?);
            acls.entry(&acl.name).or_default().push(compiled);
        }
        compiler.acls = acls
            .into_iter()
            .map(|(name, acls)| (name, acls.into()))
            .collect();
        Ok(compiler)
    }

    /// A compiler for what stands in no proxy: no access lists.
    pub fn global<'c>(&'c self) -> ProxyCompiler<'c, 'm> {
        ProxyCompiler {
            all: self,
            proxy: "",
            acls: HashMap::new(),
        }
    }
}

/// Compiles what stands in one proxy.
pub struct ProxyCompiler<'c, 'm> {
    all: &'c Compiler<'m>,
    proxy: &'m str,
    acls: HashMap<&'m str, SmallVec<[Arc<Acl>; 1]>>,
}

type Result1<T> = Result<T, PlanErrorKind>;

impl ProxyCompiler<'_, '_> {
    /// All rule sets; `block` lines go before `http_request`.
    ///
    /// # Errors
    /// The first rule that can't be compiled.
    pub fn rule_table(&self, rules: &model_rule::Rules) -> Result<RuleTable, PlanError> {
        let mut http_request = self.rules(&rules.block, RuleSets::HTTP_REQUEST)?.into_vec();
        http_request.extend(self.rules(&rules.http_request, RuleSets::HTTP_REQUEST)?);
        Ok(RuleTable {
            tcp_request_connection: self.rules(
                &rules.tcp_request_connection,
                RuleSets::TCP_REQUEST_CONNECTION,
            )?,
            tcp_request_session: self
                .rules(&rules.tcp_request_session, RuleSets::TCP_REQUEST_SESSION)?,
            tcp_request_content: self
                .rules(&rules.tcp_request_content, RuleSets::TCP_REQUEST_CONTENT)?,
            tcp_response_content: self
                .rules(&rules.tcp_response_content, RuleSets::TCP_RESPONSE_CONTENT)?,
            http_request: http_request.into(),
            request_lines: self.rules(&rules.request_lines, RuleSets::REQUEST_LINES)?,
            redirect: self.rules(&rules.redirect, RuleSets::HTTP_REQUEST)?,
            http_response: self.rules(&rules.http_response, RuleSets::HTTP_RESPONSE)?,
            response_lines: self.rules(&rules.response_lines, RuleSets::RESPONSE_LINES)?,
            http_after_response: self
                .rules(&rules.http_after_response, RuleSets::HTTP_AFTER_RESPONSE)?,
        })
    }

    /// One rule set.
    ///
    /// # Errors
    /// The first rule that can't be compiled.
    pub fn rules(
        &self,
        rules: &[Located<model_rule::Rule>],
        set: RuleSets,
    ) -> Result<Box<[Rule]>, PlanError> {
        rules
            .iter()
            .map(|rule| located(&rule.at, self.rule(rule, set)))
            .collect()
    }

    fn rule(&self, rule: &Located<model_rule::Rule>, set: RuleSets) -> Result1<Rule> {
        let def = (self.all.vocabulary.action)(&rule.action, set)
            .ok_or_else(|| PlanErrorKind::UnknownAction(rule.action.clone()))?;
        Ok(Rule {
            def,
            args: self.args(&rule.args)?,
            condition: rule
                .condition
                .as_ref()
                .map(|condition| self.condition_kind(condition))
                .transpose()?,
            at: rule.at.clone(),
        })
    }

    /// A condition that stands at `at`.
    ///
    /// # Errors
    /// A test that can't be compiled.
    pub fn condition(
        &self,
        condition: &model_acl::Condition,
        at: &Origin,
    ) -> Result<Condition, PlanError> {
        located(at, self.condition_kind(condition))
    }

    fn condition_kind(&self, condition: &model_acl::Condition) -> Result1<Condition> {
        let term = |term: &model_acl::Term| -> Result1<Term> {
            Ok(Term {
                negated: term.negated,
                acls: match &term.test {
                    model_acl::Test::Named(name) => self
                        .acls
                        .get(name.as_str())
                        .cloned()
                        .ok_or_else(|| PlanErrorKind::UnknownAcl(name.clone()))?,
                    model_acl::Test::Anonymous(acl) => smallvec![Arc::new(self.acl_kind(acl)?)],
                },
            })
        };
        let any_of: Result1<SmallVec<_>> = condition
            .any_of
            .iter()
            .map(|terms| terms.iter().map(term).collect())
            .collect();
        Ok(Condition {
            unless: condition.unless,
            any_of: any_of?,
        })
    }

    fn acl(&self, acl: &model_acl::Acl) -> Result<Acl, PlanError> {
        located(&acl.expr.at, self.acl_kind(acl))
    }

    fn acl_kind(&self, acl: &model_acl::Acl) -> Result1<Acl> {
        let matcher = (self.all.vocabulary.matcher)(&acl.matcher)
            .ok_or_else(|| PlanErrorKind::UnknownMatcher(acl.matcher.clone()))?;
        let lists: Result1<Vec<_>> = acl
            .lists
            .iter()
            .map(|list| Ok((self.all.pattern_list(list.list)?, list.by)))
            .collect();
        Ok(Acl {
            name: acl.name.as_str().into(),
            expr: self.expr_kind(&acl.expr)?,
            patterns: Patterns::new(matcher.method, lists?.into_iter()),
        })
    }

    fn map(&self, map: &model_expr::Map) -> Result1<Map> {
        let reference = self.all.pattern_list(map.list.list)?;
        let uses = reference.list.uses.get(map.list.by);
        let name = uses.map_or("", |by| &by.matcher);
        let matcher = (self.all.vocabulary.matcher)(name)
            .ok_or_else(|| PlanErrorKind::UnknownMatcher(name.to_owned()))?;
        let default = map.default.as_ref().map(|text| text.to_vec().into());
        Ok(Map::new(reference, map.list.by, matcher.method, default))
    }

    /// An expression that stands at `at`.
    ///
    /// # Errors
    /// A word that isn't there, or an argument that names nothing.
    pub fn expr(&self, expr: &model_expr::Expr, at: &Origin) -> Result<Expr, PlanError> {
        located(at, self.expr_kind(expr))
    }

    fn expr_kind(&self, expr: &model_expr::Expr) -> Result1<Expr> {
        let words = &self.all.vocabulary;
        let name = &expr.fetch.name;
        self.all.note_word(name);
        let converter = |call: &model_expr::Call| {
            let def = (words.converter)(&call.name)
                .ok_or_else(|| PlanErrorKind::UnknownConverter(call.name.clone()))?;
            Ok((def, self.args(&call.args)?))
        };
        let converters: Result1<_> = expr.converters.iter().map(converter).collect();
        Ok(Expr {
            fetch: (words.fetch)(name).ok_or_else(|| PlanErrorKind::UnknownFetch(name.clone()))?,
            args: self.args(&expr.fetch.args)?,
            converters: converters?,
        })
    }

    /// A format of something else than a log line, which stands at `at`.
    ///
    /// # Errors
    /// A word that isn't there.
    pub fn format(&self, format: &model_expr::LogFormat, at: &Origin) -> Result<Format, PlanError> {
        located(at, self.format_kind(format, Style::Http))
    }

    /// The format of unique identifiers.
    ///
    /// # Errors
    /// A word that isn't there.
    pub fn identifier(&self, format: &Located<model_expr::LogFormat>) -> Result<Format, PlanError> {
        located(&format.at, self.format_kind(format, Style::Identifier))
    }

    /// The format of a log line.
    ///
    /// # Errors
    /// A word that isn't there.
    pub fn log_format(&self, format: &Located<model_expr::LogFormat>) -> Result<Format, PlanError> {
        located(&format.at, self.format_kind(format, Style::Log))
    }

    fn format_kind(&self, format: &model_expr::LogFormat, style: Style) -> Result1<Format> {
        let mut parts = Vec::with_capacity(format.parts.len());
        for part in &format.parts {
            match part {
                FormatPart::Text(text) if style != Style::Http => separate(text, &mut parts),
                FormatPart::Text(text) => parts.push(Part::Text(text.to_vec().into())),
                FormatPart::Alias { name, arg, flags } => {
                    self.all.note_word(name);
                    let def = (self.all.vocabulary.alias)(name)
                        .ok_or_else(|| PlanErrorKind::UnknownAlias(name.clone()))?;
                    parts.push(Part::Alias(def, arg.as_str().into(), *flags));
                }
                FormatPart::Expr { expr, flags } => {
                    parts.push(Part::Expr(self.expr_kind(expr)?, *flags));
                }
            }
        }
        Ok(Format {
            style,
            parts: parts.into(),
        })
    }

    fn args(&self, args: &[model_expr::Arg]) -> Result1<Args> {
        let args: Result1<_> = args.iter().map(|arg| self.arg(arg)).collect();
        Ok(Args(args?))
    }

    fn arg(&self, arg: &model_expr::Arg) -> Result1<Arg> {
        use model_expr::Arg as From;
        Ok(match arg {
            From::Absent => Arg::Absent,
            From::Str(text) => Arg::Str(text.as_bytes().into()),
            From::Word(word) => Arg::Word(word.as_str().into()),
            From::Int(number) => Arg::Int(*number),
            From::Time(time) => Arg::Time(*time),
            From::Size(size) => Arg::Size(*size),
            From::Net(net) => Arg::Net(*net),
            From::Expr(expr) => Arg::Expr(self.expr_kind(expr)?),
            From::Format(format) => Arg::Format(self.format_kind(format, Style::Http)?),
            From::Regex(regex) => Arg::Regex(
                Regex::new(&regex.pattern, regex.ignore_case)
                    .map_err(|error| PlanErrorKind::Regex(regex.pattern.to_string(), error))?,
            ),
            From::Proxy(name) => Arg::Proxy(
                self.all
                    .names
                    .proxy(name)
                    .ok_or_else(|| PlanErrorKind::UnknownProxy(name.clone()))?,
            ),
            From::Server { backend, server } => {
                let backend = if backend.is_empty() {
                    self.proxy
                } else {
                    backend
                };
                Arg::Server(self.all.names.server(backend, server).ok_or_else(|| {
                    PlanErrorKind::UnknownServer(backend.to_owned(), server.clone())
                })?)
            }
            From::Userlist(name) => Arg::Userlist(
                self.all
                    .userlists
                    .get(name.as_str())
                    .cloned()
                    .ok_or_else(|| PlanErrorKind::UnknownUserlist(name.clone()))?,
            ),
            From::Table(name) => Arg::Table(
                self.all
                    .names
                    .table(name)
                    .ok_or_else(|| PlanErrorKind::UnknownTable(name.clone()))?,
            ),
            From::Var(var) => Arg::Var(var.clone()),
            From::Reply(reply) => Arg::Reply(Box::new(self.reply_kind(reply)?)),
            From::Map(map) => Arg::Map(self.map(map)?),
            From::Patterns(place) => Arg::Patterns(self.all.pattern_list(*place)?),
            From::List(list) => {
                let list: Result1<_> = list.iter().map(|arg| self.arg(arg)).collect();
                Arg::List(list?)
            }
        })
    }

    /// A proxy's replies by status.
    ///
    /// # Errors
    /// A reply that can't be compiled.
    pub fn error_table(
        &self,
        errors: &BTreeMap<u16, Located<model_rule::Reply>>,
    ) -> Result<ErrorTable, PlanError> {
        let compile = |(&status, reply): (&u16, &Located<model_rule::Reply>)| {
            let compiled = located(&reply.at, self.reply_kind(reply))?;
            Ok((status, Arc::new(compiled)))
        };
        let replies: Result<_, PlanError> = errors.iter().map(compile).collect();
        Ok(ErrorTable { replies: replies? })
    }

    /// A reply that stands at `at`.
    ///
    /// # Errors
    /// A format that can't be compiled, an error file that is no response.
    pub fn reply(&self, reply: &model_rule::Reply, at: &Origin) -> Result<Reply, PlanError> {
        located(at, self.reply_kind(reply))
    }

    fn reply_kind(&self, reply: &model_rule::Reply) -> Result1<Reply> {
        let headers: Result1<_> = reply
            .headers
            .iter()
            .map(|(name, format)| {
                Ok((name.to_vec().into(), self.format_kind(format, Style::Http)?))
            })
            .collect();
        let body = match &reply.body {
            model_rule::ReplyBody::DefaultErrorPage => Body::DefaultErrorPage,
            model_rule::ReplyBody::ErrorPages(name) => Body::Pages(self.pages_of(name)?),
            model_rule::ReplyBody::Raw(file) if file.is_empty() => Body::Silence,
            model_rule::ReplyBody::Raw(file) => Body::Raw(Box::new(
                raw_page(file).map_err(|NotAResponse| PlanErrorKind::ErrorFile)?,
            )),
            model_rule::ReplyBody::Bytes(bytes) => Body::Bytes(Bytes::copy_from_slice(bytes)),
            model_rule::ReplyBody::Format(format) => {
                Body::Format(self.format_kind(format, Style::Http)?)
            }
            model_rule::ReplyBody::Empty => Body::Empty,
        };
        Ok(Reply {
            status: reply.status,
            headers: headers?,
            content_type: reply.content_type.as_ref().map(|text| text.to_vec().into()),
            body,
        })
    }

    /// The pages of a named collection.
    fn pages_of(&self, name: &str) -> Result1<BTreeMap<u16, Reply>> {
        let pages = self
            .all
            .model
            .error_pages
            .iter()
            .find(|pages| pages.name.value == name)
            .ok_or_else(|| PlanErrorKind::UnknownErrorPages(name.to_owned()))?;
        // A collection holds complete pages; one that refers to another collection would never end.
        let complete = pages
            .pages
            .iter()
            .filter(|(_, page)| !matches!(page.body, model_rule::ReplyBody::ErrorPages(_)));
        complete
            .map(|(&status, page)| Ok((status, self.reply_kind(page)?)))
            .collect()
    }
}

/// Text of a log format: each run of blanks is a separator.
fn separate(text: &[u8], parts: &mut Vec<Part>) {
    for (at, piece) in text.split(|&byte| byte == b' ').enumerate() {
        if at > 0 && !matches!(parts.last(), Some(Part::Separator)) {
            parts.push(Part::Separator);
        }
        if !piece.is_empty() {
            parts.push(Part::Text(piece.into()));
        }
    }
}

fn located<T>(at: &Origin, result: Result1<T>) -> Result<T, PlanError> {
    result.map_err(|kind| PlanError {
        at: at.clone(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_of_a_log_format_are_separators() {
        let mut parts = Vec::new();
        separate(b" a  b ", &mut parts);
        assert_eq!(format!("{parts:?}"), r#"[_, "a", _, "b", _]"#);
    }
}
