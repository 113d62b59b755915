//! From text to an expression that is safe to keep: bounded, with loops in a fixed order, its needs listed.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cel::{
    Context, Env, ExecutionError, Value as Cel,
    common::ast::{CallExpr, EntryExpr, Expr as Ast, IdedExpr},
    objects::Key,
};

use super::{BYTES_MAX, Error, LOOPS_MAX, ParseError, Parsed, SUMS_MAX, Variables, plain::Plain};

/// How the library spells `+`.
const PLUS: &str = "_+_";
/// No author can write this name: the parser takes no `@`.
pub(super) const SORTED: &str = "@sorted";
/// `+` inside a loop, which makes the texts and lists that grow.
pub(super) const ADD: &str = "@add";
/// `random(low, high)`: a whole number between both, from the event's randomness.
pub(crate) const RANDOM: &str = "random";

pub(super) fn parse(env: &Env, source: &str) -> Result<Parsed, ParseError> {
    let fault = |message: String| ParseError { message, position: None };
    if source.len() > BYTES_MAX {
        return Err(fault(format!("the expression has {} bytes, more than {BYTES_MAX}", source.len())));
    }
    let mut expression = env.parser().parse(source).map_err(|errors| match errors.errors.first() {
        Some(error) => ParseError {
            message: error.msg.lines().next().unwrap_or_default().to_owned(),
            position: usize::try_from(error.pos.0).ok().zip(usize::try_from(error.pos.1).ok()),
        },
        None => fault("this is no expression".to_owned()),
    })?;
    let mut walk = Walk::default();
    walk.visit(&mut expression, &mut Vec::new(), 0);
    if walk.loops > LOOPS_MAX {
        return Err(fault(format!("loops are nested more than {LOOPS_MAX} deep")));
    }
    if walk.sums > SUMS_MAX {
        return Err(fault(format!("`+` is there {} times, more than {SUMS_MAX}", walk.sums)));
    }
    Ok(Parsed {
        plain: Plain::of(&expression),
        expression,
        loops: walk.loops > 0,
        variables: walk.variables.into_iter().collect(),
        functions: walk.functions.into_iter().collect(),
    })
}

#[derive(Default)]
struct Walk {
    variables: BTreeSet<String>,
    functions: BTreeSet<String>,
    loops: usize,
    sums: usize,
}

impl Walk {
    /// Collects names and puts loops over maps in order. The depth is bounded by the parser's.
    fn visit(&mut self, node: &mut IdedExpr, own: &mut Vec<String>, loops: usize) {
        match &mut node.expr {
            Ast::Unspecified | Ast::Literal(_) => {}
            Ast::Ident(name) => {
                if !name.starts_with('@') && !own.contains(name) && !is_type(name) {
                    self.variables.insert(name.trim_start_matches('.').to_owned());
                }
            }
            Ast::Call(call) => {
                if call.func_name.starts_with(|first: char| first.is_ascii_alphabetic()) {
                    self.functions.insert(call.func_name.clone());
                }
                if let Some(target) = &mut call.target {
                    self.visit(target, own, loops);
                }
                for argument in &mut call.args {
                    self.visit(argument, own, loops);
                }
                if call.func_name == PLUS {
                    self.sums += 1;
                    if loops > 0 && !appends(call) {
                        call.func_name = ADD.to_owned();
                    }
                }
            }
            Ast::Comprehension(comprehension) => {
                self.loops = self.loops.max(loops + 1);
                self.visit(&mut comprehension.iter_range, own, loops);
                sort(&mut comprehension.iter_range);
                self.visit(&mut comprehension.accu_init, own, loops);
                let outside = own.len();
                own.push(comprehension.accu_var.clone());
                own.push(comprehension.iter_var.clone());
                own.extend(comprehension.iter_var2.clone());
                for part in
                    [&mut comprehension.loop_cond, &mut comprehension.loop_step, &mut comprehension.result]
                {
                    self.visit(part, own, loops + 1);
                }
                own.truncate(outside);
            }
            Ast::List(list) => list.elements.iter_mut().for_each(|element| self.visit(element, own, loops)),
            Ast::Map(map) => self.entries(map.entries.iter_mut().map(|entry| &mut entry.expr), own, loops),
            Ast::Struct(fields) => {
                self.entries(fields.entries.iter_mut().map(|entry| &mut entry.expr), own, loops)
            }
            Ast::Select(select) => self.visit(&mut select.operand, own, loops),
        }
    }

    fn entries<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a mut EntryExpr>,
        own: &mut Vec<String>,
        loops: usize,
    ) {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => self.visit(&mut field.value, own, loops),
                EntryExpr::MapEntry(entry) => {
                    self.visit(&mut entry.key, own, loops);
                    self.visit(&mut entry.value, own, loops);
                }
            }
        }
    }
}

/// `@result + […]`, which the library makes of `map` and `filter` and has a quick way for.
fn appends(call: &CallExpr) -> bool {
    matches!(call.args.first().map(|first| &first.expr), Some(Ast::Ident(name)) if name.starts_with('@'))
}

/// Names of CEL's types look like variables.
fn is_type(name: &str) -> bool {
    matches!(
        name,
        "int"
            | "uint"
            | "double"
            | "bool"
            | "string"
            | "bytes"
            | "list"
            | "map"
            | "null_type"
            | "type"
            | "dyn"
            | "optional"
    )
}

fn sort(range: &mut IdedExpr) {
    let id = range.id;
    let inner = std::mem::take(range);
    *range = IdedExpr {
        id,
        expr: Ast::Call(CallExpr { func_name: SORTED.to_owned(), target: None, args: vec![inner] }),
    };
}

/// What expressions may call beside CEL's own functions.
pub(super) fn add_functions(
    context: &mut Context<'_, '_>,
    parsed: &Parsed,
    variables: &dyn Variables,
) -> Result<(), Error> {
    if parsed.loops {
        let (loops, sums) = (variables.budget(), variables.budget());
        context
            .add_function(SORTED, move |value: Cel| {
                let value = sorted(value);
                spend(&loops, weight_of_loop(&value)).map(|()| value)
            })
            .map_err(|_| Error::Other)?;
        context
            .add_function(ADD, move |a: Cel, b: Cel| {
                spend(&sums, weight(&a).saturating_add(weight(&b)))?;
                a + b
            })
            .map_err(|_| Error::Other)?;
    }
    if parsed.functions.iter().any(|name| name == RANDOM) {
        let draws = variables.draws();
        context
            .add_function(RANDOM, move |low: i64, high: i64| random(&draws, low, high))
            .map_err(|_| Error::Other)?;
    }
    Ok(())
}

/// Takes from what one step may spend. Every loop pays for its elements before it begins, and every sum inside a loop
/// for what it copies: the work of an expression is bounded, and the same on every machine.
fn spend(budget: &AtomicU64, units: u64) -> Result<(), ExecutionError> {
    let take = |left: u64| left.checked_sub(units);
    match budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
        Ok(_) => Ok(()),
        // What failed once must fail from here on: `true || …` forgives an error, but not its cost.
        Err(_) => {
            budget.store(0, Ordering::Relaxed);
            Err(ExecutionError::function_error(SORTED, "too much work"))
        }
    }
}

fn weight_of_loop(value: &Cel) -> u64 {
    match value {
        Cel::List(list) => 1 + list.len() as u64,
        _ => 1,
    }
}

/// What copying a value costs: its elements, or its text in pieces of 64 bytes.
fn weight(value: &Cel) -> u64 {
    match value {
        Cel::List(list) => 1 + list.len() as u64,
        Cel::String(text) => 1 + text.len() as u64 / 64,
        _ => 1,
    }
}

/// The keys of a map in order; anything else as it is.
fn sorted(value: Cel) -> Cel {
    let Cel::Map(map) = &value else { return value };
    let mut keys: Vec<Key> = map.map.keys().cloned().collect();
    keys.sort();
    let keys = keys.into_iter().map(|key| match key {
        Key::Int(key) => Cel::Int(key),
        Key::Uint(key) => Cel::UInt(key),
        Key::Bool(key) => Cel::Bool(key),
        Key::String(key) => Cel::String(key),
    });
    Cel::List(Arc::new(keys.collect()))
}

/// The next number from the event's randomness (splitmix64), brought into the range.
fn random(draws: &AtomicU64, low: i64, high: i64) -> Result<i64, ExecutionError> {
    let span =
        high.checked_sub(low).and_then(|span| u64::try_from(span).ok()).and_then(|span| span.checked_add(1));
    let Some(span) = span else {
        return Err(ExecutionError::function_error(RANDOM, "the second number must not be under the first"));
    };
    let mut z = draws.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    // Multiply-shift: the high half of a 128-bit product lies in 0..span.
    let offset = (u128::from(z) * u128::from(span)) >> 64;
    i64::try_from(offset)
        .ok()
        .and_then(|offset| low.checked_add(offset))
        .ok_or_else(|| ExecutionError::function_error(RANDOM, "the range is too wide"))
}
