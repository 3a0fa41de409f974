//! The mutants of a source file: each is one change of the code behind a switch.

use crate::run::{Result, told};
use std::collections::HashSet;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Block, Expr, Pat, Stmt, UnOp};

/// A mutant: a number for the switch, a name that stays when code moves, and the edits that put it behind the switch.
pub(crate) struct Mutant {
    pub(crate) number: u32,
    pub(crate) name: String,
    /// The constant function that it is in: the switch only works if that is made a plain one.
    pub(crate) constant: Option<usize>,
    pub(crate) edits: Vec<Edit>,
}

impl Mutant {
    /// Returns the range of all its edits.
    pub(super) fn range(&self) -> Range<usize> {
        let starts = self.edits.iter().map(|edit| edit.range.start);
        let ends = self.edits.iter().map(|edit| edit.range.end);
        starts.min().unwrap_or_default()..ends.max().unwrap_or_default()
    }
}

/// A replacement of a range of bytes, which is empty for what is inserted.
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
    /// Set if it ends what another edit begins: at one place, the inner one comes first.
    pub(crate) closes: bool,
}

/// A constant function: its name and where its `const` is.
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) range: Range<usize>,
}

/// A file with its mutants.
pub(crate) struct Scanned {
    pub(crate) path: String,
    pub(crate) source: String,
    pub(crate) constants: Vec<Constant>,
    pub(crate) mutants: Vec<Mutant>,
}

/// Finds the mutants of a file, which get numbers from `next` on.
pub(crate) fn scan(path: &str, source: String, next: &mut u32) -> Result<Scanned> {
    let file = told(path, syn::parse_file(&source))?;
    let scanned = Scanned { path: path.to_owned(), source, constants: Vec::new(), mutants: Vec::new() };
    let mut scan = Scan { scanned, next, place: Vec::new(), constant: None, covered: HashSet::new() };
    scan.visit_file(&file);
    let mut scanned = scan.scanned;
    number_equal_names(&mut scanned.mutants);
    Ok(scanned)
}

/// Adds numbers to the names that several mutants of a file have.
fn number_equal_names(mutants: &mut [Mutant]) {
    let mut seen = std::collections::HashMap::new();
    for mutant in mutants {
        let count = seen.entry(mutant.name.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count > 1 {
            mutant.name = format!("{} ({count})", mutant.name);
        }
    }
}

struct Scan<'a> {
    scanned: Scanned,
    next: &'a mut u32,
    /// The types and functions around.
    place: Vec<String>,
    constant: Option<usize>,
    /// Conditions that are changed as a whole, which makes their negation superfluous.
    covered: HashSet<Range<usize>>,
}

fn range(of: &impl Spanned) -> Range<usize> {
    of.span().byte_range()
}

/// Returns whether code is left out of the build: tests, and what is there without a feature or on other targets only.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        let is_test = condition == "test" || condition.starts_with("all (test ,");
        is_test || condition.starts_with("not") || condition.contains("defmt")
    })
}

impl Scan<'_> {
    fn text(&self, of: &impl Spanned) -> String {
        let text = self.scanned.source.get(range(of)).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(").replace(" .", ".")
    }

    /// Adds a mutant that is named by the changed code and by what becomes of it.
    fn add(&mut self, code: &str, becomes: &str, edits: impl FnOnce(u32) -> Vec<Edit>) {
        const LONGEST: usize = 72;
        let number = *self.next;
        *self.next += 1;
        let mut code = code.to_owned();
        if let Some((at, _)) = code.char_indices().nth(LONGEST) {
            code.truncate(at);
            code.push('…');
        }
        let separator = if code.is_empty() { "" } else { " " };
        let name = format!("{}: {}: {code}{separator}→ {becomes}", self.scanned.path, self.place.join("::"));
        self.scanned.mutants.push(Mutant { number, name, constant: self.constant, edits: edits(number) });
    }

    /// Adds a mutant of an expression, which becomes an argument of a function of the switch.
    fn wrap(&mut self, expr: &Expr, function: &str, becomes: &str) {
        let at = range(expr);
        let code = self.text(expr);
        self.add(&code, becomes, |number| {
            around(at, format!("crate::mutant::{function}({number}, "), ")".into()).into()
        });
    }

    /// Adds the mutants of a condition, which is true or false whatever it says.
    fn condition(&mut self, expr: &Expr, with_always: bool) {
        match expr {
            Expr::Let(_) => {}
            Expr::Binary(binary) if has_let(expr) => {
                self.condition(&binary.left, with_always);
                self.condition(&binary.right, with_always);
            }
            _ => {
                self.cover(expr);
                self.wrap(expr, "never", "never");
                if with_always {
                    self.wrap(expr, "always", "always");
                }
            }
        }
    }

    fn cover(&mut self, expr: &Expr) {
        self.covered.insert(range(expr));
        match expr {
            Expr::Paren(paren) => self.cover(&paren.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => self.cover(&unary.expr),
            _ => {}
        }
    }

    fn is_covered(&self, expr: &Expr) -> bool {
        self.covered.contains(&range(expr))
    }

    fn binary(&mut self, expr: &Expr, binary: &syn::ExprBinary) {
        let (left, right) = (&*binary.left, &*binary.right);
        let at = range(&binary.op);
        match binary.op {
            BinOp::And(_) if !has_let(expr) => self.operands(expr, "always"),
            BinOp::Or(_) => self.operands(expr, "never"),
            BinOp::Eq(_) | BinOp::Ne(_) if !self.is_covered(expr) => self.wrap(expr, "flip", "not"),
            BinOp::Lt(_) => self.ordering(expr, at, "lt", "<="),
            BinOp::Le(_) => self.ordering(expr, at, "le", "<"),
            BinOp::Gt(_) => self.ordering(expr, at, "gt", ">="),
            BinOp::Ge(_) => self.ordering(expr, at, "ge", ">"),
            BinOp::Add(_) => self.arithmetic(expr, at, "add", "-"),
            BinOp::Sub(_) => self.arithmetic(expr, at, "sub", "+"),
            BinOp::Mul(_) => self.arithmetic(expr, at, "mul", "+"),
            BinOp::AddAssign(_) => return self.assignment(expr, left, right, at, "add", "-="),
            BinOp::SubAssign(_) => return self.assignment(expr, left, right, at, "sub", "+="),
            _ => {}
        }
        self.visit_expr(left);
        self.visit_expr(right);
    }

    /// Adds one mutant for each operand, which then no longer matters.
    fn operands(&mut self, expr: &Expr, function: &str) {
        let Expr::Binary(binary) = expr else { return };
        for operand in [&*binary.left, &*binary.right] {
            let is_same = matches!(operand, Expr::Binary(inner)
                if std::mem::discriminant(&inner.op) == std::mem::discriminant(&binary.op));
            if !is_same {
                self.cover(operand);
                self.wrap(operand, function, function);
            }
        }
    }

    fn ordering(&mut self, expr: &Expr, operator: Range<usize>, function: &str, becomes: &str) {
        if !self.is_covered(expr) {
            self.wrap(expr, "flip", "not");
        }
        let (code, at) = (self.text(expr), range(expr));
        self.add(&code, becomes, |number| {
            let [open, close] = around(at, format!("crate::mutant::{function}({number}, &("), "))".into());
            vec![open, Edit { range: operator, text: "), &(".into(), closes: false }, close]
        });
    }

    fn arithmetic(&mut self, expr: &Expr, operator: Range<usize>, function: &str, becomes: &str) {
        let (code, at) = (self.text(expr), range(expr));
        self.add(&code, becomes, |number| {
            let [open, close] = around(at, format!("crate::mutant::{function}({number}, "), ")".into());
            vec![open, Edit { range: operator, text: ", ".into(), closes: false }, close]
        });
    }

    fn assignment(&mut self, expr: &Expr, left: &Expr, right: &Expr, at: Range<usize>, function: &str, becomes: &str) {
        let (code, end, left) = (self.text(expr), range(expr).end, self.text(left));
        self.add(&code, becomes, |number| {
            let text = format!("= crate::mutant::{function}({number}, {left}, ");
            vec![Edit { range: at, text, closes: false }, Edit { range: end..end, text: ")".into(), closes: true }]
        });
        self.visit_expr(right);
    }

    /// Adds a mutant for each arm that another one stands in for if it is left out.
    fn arms(&mut self, expr: &syn::ExprMatch) {
        let takes_all = |pat: &Pat| match pat {
            Pat::Wild(_) => true,
            // `None` looks the same as a new name.
            Pat::Ident(name) => name.ident.to_string().starts_with(char::is_lowercase),
            _ => false,
        };
        let has_default = expr.arms.last().is_some_and(|arm| takes_all(&arm.pat));
        for (at, arm) in expr.arms.iter().enumerate() {
            if is_left_out(&arm.attrs) {
                continue;
            }
            if let Pat::Guard(guard) = &arm.pat {
                self.condition(&guard.guard, true);
                self.visit_expr(&guard.guard);
            } else if has_default && at + 1 < expr.arms.len() {
                let (code, end) = (self.text(&arm.pat), range(&arm.pat).end);
                self.add(&code, "arm left out", |number| {
                    vec![Edit { range: end..end, text: format!(" if !crate::mutant::on({number})"), closes: true }]
                });
            }
            self.visit_expr(&arm.body);
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: &Block) {
        let outer = self.constant;
        self.place.push(signature.ident.to_string());
        if let Some(constness) = &signature.constness {
            let name = self.place.join("::");
            self.scanned.constants.push(Constant { name, range: range(constness) });
            self.constant = Some(self.scanned.constants.len() - 1);
        }
        let returned = match &signature.output {
            syn::ReturnType::Default => "()".to_owned(),
            syn::ReturnType::Type(_, returned) => self.text(&**returned).replace(' ', ""),
        };
        let begin = range(&block.brace_token.span.open()).end;
        let values = values(&returned);
        for value in &values {
            let only = matches!(&block.stmts[..], [Stmt::Expr(expr, None)] if self.text(expr) == *value);
            if !block.stmts.is_empty() && !only {
                self.add("", &format!("return {value}"), |number| {
                    let text = format!(" if crate::mutant::on({number}) {{ return {value}; }}");
                    vec![Edit { range: begin..begin, text, closes: false }]
                });
            }
        }
        match &block.stmts[..] {
            [Stmt::Expr(expr, _)] if !values.is_empty() => {
                self.cover(expr);
                if returned == "Result<()>" && matches!(expr, Expr::If(_) | Expr::Match(_)) {
                    self.tails(expr);
                }
                self.visit_expr(expr);
            }
            statements => {
                if returned == "Result<()>" && statements.len() > 1 {
                    self.end_of(block);
                }
                self.visit_block(block);
            }
        }
        self.place.pop();
        self.constant = outer;
    }

    /// Adds mutants of what a function without a value ends with: it succeeds.
    fn tails(&mut self, expr: &Expr) {
        match expr {
            Expr::If(expr) => {
                self.end_of(&expr.then_branch);
                if let Some((_, other)) = &expr.else_branch {
                    self.tails(other);
                }
            }
            Expr::Block(expr) => self.end_of(&expr.block),
            Expr::Match(expr) => {
                expr.arms.iter().filter(|arm| !is_left_out(&arm.attrs)).for_each(|arm| self.tails(&arm.body));
            }
            Expr::Call(_) | Expr::MethodCall(_) if self.text(expr) != "Ok(())" => {
                let (code, at) = (self.text(expr), range(expr));
                self.add(&code, "Ok(())", |number| {
                    around(at, format!("if crate::mutant::on({number}) {{ Ok(()) }} else {{ "), " }".into()).into()
                });
            }
            _ => {}
        }
    }

    fn end_of(&mut self, block: &Block) {
        if let Some(Stmt::Expr(expr, None)) = block.stmts.last() {
            self.tails(expr);
        }
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.place.push(name);
        visit(self);
        self.place.pop();
    }
}

/// Returns the edits at both ends of a range.
fn around(at: Range<usize>, open: String, close: String) -> [Edit; 2] {
    [
        Edit { range: at.start..at.start, text: open, closes: false },
        Edit { range: at.end..at.end, text: close, closes: true },
    ]
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => matches!(binary.op, BinOp::And(_)) && (has_let(&binary.left) || has_let(&binary.right)),
        _ => false,
    }
}

/// Returns what a function can return without doing anything.
fn values(returned: &str) -> Vec<String> {
    let values: &[&str] = match returned {
        "()" => &["()"],
        "bool" => &["true", "false"],
        "usize" | "u8" | "u16" | "u32" | "u64" => &["0", "1"],
        "Result<()>" => &["Ok(())"],
        "Result<bool>" => &["Ok(true)", "Ok(false)"],
        "Result<usize>" => &["Ok(0)"],
        "Option<()>" => &["None", "Some(())"],
        "&[u8]" => &["&[]"],
        _ if returned.starts_with("Option<") => &["None"],
        _ if returned.starts_with("Result<Option<") => &["Ok(None)"],
        _ => &[],
    };
    values.iter().map(|value| (*value).to_owned()).collect()
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_left_out(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        // Text for people who debug is not what the core promises.
        let for_people = |path: &syn::Path| {
            path.segments.last().is_some_and(|segment| segment.ident == "Debug" || segment.ident == "Display")
        };
        if !is_left_out(&item.attrs) && !item.trait_.as_ref().is_some_and(|(path, _)| for_people(path)) {
            let name = self.text(&*item.self_ty);
            let name = name.split('<').next().unwrap_or_default().to_owned();
            self.within(name, |scan| visit::visit_item_impl(scan, item));
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.within(item.ident.to_string(), |scan| visit::visit_item_trait(scan, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_left_out(&item.attrs) {
            self.function(&item.sig, &item.block);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_left_out(&item.attrs) {
            self.function(&item.sig, &item.block);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
    }

    // What the compiler evaluates cannot ask the environment.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !is_left_out(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expr, Some(_)) = statement {
            let assigns = |op: &BinOp| matches!(op, BinOp::AddAssign(_) | BinOp::SubAssign(_) | BinOp::BitOrAssign(_));
            let is_one_step = match expr {
                Expr::Try(_) | Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) => true,
                Expr::Binary(binary) => assigns(&binary.op),
                _ => false,
            };
            if is_one_step {
                let (code, at) = (self.text(expr), range(statement));
                self.add(&code, "left out", |number| {
                    around(at, format!("if !crate::mutant::on({number}) {{ "), " }".into()).into()
                });
            }
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Const(_) => {}
            Expr::Repeat(repeat) => self.visit_expr(&repeat.expr),
            Expr::Binary(binary) => self.binary(expr, binary),
            Expr::Match(matched) => {
                self.visit_expr(&matched.expr);
                self.arms(matched);
            }
            Expr::If(tested) => {
                if !is_left_out(&tested.attrs) {
                    self.condition(&tested.cond, true);
                    visit::visit_expr(self, expr);
                }
            }
            Expr::While(tested) => {
                self.condition(&tested.cond, false);
                visit::visit_expr(self, expr);
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) && !self.is_covered(expr) => {
                self.cover(expr);
                self.wrap(expr, "flip", "not");
                visit::visit_expr(self, expr);
            }
            Expr::Macro(matched) if matched.mac.path.is_ident("matches") && !self.is_covered(expr) => {
                self.wrap(expr, "flip", "not");
            }
            _ => visit::visit_expr(self, expr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_tests_and_of_builds_without_a_feature_has_no_mutants() {
        let function = "fn is_small(n: u8) -> bool { n < 7 }";
        let count = |attribute: &str| {
            scan("src/lib.rs", format!("{attribute} mod inner {{ {function} }}"), &mut 0).unwrap().mutants.len()
        };
        assert!(count("") > 0 && count("#[cfg(feature = \"resumption\")]") > 0);
        for left_out in ["test", "all(test, feature = \"resumption\")", "not(feature = \"resumption\")"] {
            assert_eq!(count(&format!("#[cfg({left_out})]")), 0, "{left_out}");
        }
    }
}
