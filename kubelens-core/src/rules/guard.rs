//! Makes an expression safe and forgiving before it is ever evaluated: names that nobody knows are told, whatever
//! can repeat or grow asks for its cost, and `has` is false where a parent is not there.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, operators};

use super::functions::{COST, KNOWN, RANGE, WEIGHT};
use crate::model::did_you_mean;

/// Names of types, as `type(x)` gives them.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// Operators whose operands are looked at once, in place.
const CHEAP: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::INDEX,
    operators::NOT_STRICTLY_FALSE,
];

const OPERATORS: &[&str] = &[
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::IN,
];

/// Guards an expression over these variables, or says which name in it nobody knows.
pub(super) fn guard(expression: &mut IdedExpr, variables: &[&str]) -> Result<(), String> {
    let mut guard = Guard {
        variables,
        loops: Vec::new(),
    };
    guard.visit(expression)
}

struct Guard<'a> {
    variables: &'a [&'a str],
    /// Variables of the loops around.
    loops: Vec<String>,
}

impl Guard<'_> {
    fn visit(&mut self, expression: &mut IdedExpr) -> Result<(), String> {
        match &mut expression.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                self.visit(&mut select.operand)?;
                if select.test {
                    let test = std::mem::take(&mut expression.expr);
                    expression.expr = forgiving(test);
                }
                Ok(())
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|element| {
                self.visit(element)?;
                wrap(element, COST);
                Ok(())
            }),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    self.visit(&mut entry.key)?;
                    self.visit(&mut entry.value)?;
                    wrap(&mut entry.value, COST);
                }
                Ok(())
            }),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Struct(_) => Err("there are no messages to make; write a map".to_owned()),
            Expr::Literal(_) | Expr::Unspecified => Ok(()),
        }
    }

    fn variable(&self, name: &str) -> Result<(), String> {
        let is_known = name.starts_with('@')
            || self.loops.iter().any(|known| known == name)
            || self.variables.contains(&name)
            || TYPES.contains(&name);
        if is_known {
            return Ok(());
        }
        let known: BTreeSet<&str> = self.variables.iter().copied().collect();
        let near = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
            let all: Vec<&str> = known.into_iter().collect();
            format!("known are {}", all.join(", "))
        });
        Err(format!("unknown name `{name}`; {near}"))
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<(), String> {
        let name = call.func_name.as_str();
        let is_operator = CHEAP.contains(&name) || OPERATORS.contains(&name);
        if !is_operator && !KNOWN.contains(&name) {
            let near = did_you_mean(name, KNOWN.iter().copied())
                .unwrap_or_else(|| format!("known are {}", KNOWN.join(", ")));
            return Err(format!("unknown function `{name}`; {near}"));
        }
        let is_cheap = CHEAP.contains(&name);
        // The loops of `map` and `filter` gather by `@result + [element]`, which the evaluator does in place.
        let gathers = name == operators::ADD
            && matches!(call.args.first().map(|arg| &arg.expr), Some(Expr::Ident(name)) if name.starts_with('@'));
        let asks = match name {
            operators::EQUALS | operators::NOT_EQUALS | operators::IN => WEIGHT,
            _ => COST,
        };
        if let Some(target) = &mut call.target {
            self.visit(target)?;
            wrap(target, COST);
        }
        for arg in &mut call.args {
            self.visit(arg)?;
            if !is_cheap && !gathers {
                wrap(arg, asks);
            }
        }
        Ok(())
    }

    fn comprehension(&mut self, comprehension: &mut ComprehensionExpr) -> Result<(), String> {
        self.visit(&mut comprehension.iter_range)?;
        wrap(&mut comprehension.iter_range, RANGE);
        self.visit(&mut comprehension.accu_init)?;
        let before = self.loops.len();
        self.loops.push(comprehension.iter_var.clone());
        self.loops.extend(comprehension.iter_var2.clone());
        self.loops.push(comprehension.accu_var.clone());
        let inner = self
            .visit(&mut comprehension.loop_cond)
            .and_then(|()| self.visit(&mut comprehension.loop_step))
            .and_then(|()| self.visit(&mut comprehension.result));
        self.loops.truncate(before);
        inner
    }
}

/// `x` becomes `function(x)`. A number or a truth costs nothing worth asking for.
fn wrap(expression: &mut IdedExpr, function: &str) {
    if matches!(expression.expr, Expr::Literal(_)) {
        return;
    }
    let inner = std::mem::take(expression);
    expression.id = inner.id;
    expression.expr = Expr::Call(CallExpr {
        func_name: function.to_owned(),
        target: None,
        args: vec![inner],
    });
}

/// `has(a.b.c)` becomes `has(a.b) && has(a.b.c)`, down to the variable.
fn forgiving(test: Expr) -> Expr {
    let Expr::Select(select) = &test else {
        return test;
    };
    let Expr::Select(parent) = &select.operand.expr else {
        return test;
    };
    if parent.test {
        return test;
    }
    let mut parent = parent.clone();
    parent.test = true;
    let ided = |expr| IdedExpr { id: 0, expr };
    Expr::Call(CallExpr {
        func_name: operators::LOGICAL_AND.to_owned(),
        target: None,
        args: vec![ided(forgiving(Expr::Select(parent))), ided(test)],
    })
}
