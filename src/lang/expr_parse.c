/* expr_parse.c - climbs the flat list of operands and operators that the grammar collects.
 *
 * Which operators there are, how tight they bind and to which side is written in the operator rows of the catalog and
 * nowhere else. Four things are special: BETWEEN takes three operands, "? :" takes three, a lone ":" is DEFAULT, and
 * "||" between two conditions is OR.
 */
#include <stdio.h>

#include "lang/parse_internal.h"

/* ---- the index of the operator words and symbols ---- */

enum { SLOTS = sizeof((OperatorIndex *)0)->slots / sizeof((OperatorIndex *)0)->slots[0] };

static uint32_t word_hash(Str word) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < word.len; i++) {
    unsigned char c = (unsigned char)word.data[i];
    hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 16777619u;
  }
  return hash;
}

static uint32_t find_slot(const OperatorIndex *index, Str word) {
  uint32_t slot = word_hash(word) % SLOTS;
  while (index->slots[slot].word.len && !str_eq_nocase(index->slots[slot].word, word)) slot = (slot + 1) % SLOTS;
  return slot;
}

static void index_add(OperatorIndex *index, Str word, const Operator *row, int *used) {
  uint32_t slot = find_slot(index, word);
  if (!index->slots[slot].word.len) {
    if (++*used == SLOTS) return; /* full: one slot stays empty so that searches end */
    index->slots[slot].word = word;
  }
  if (row->fixity == FIX_PREFIX) index->slots[slot].prefix = row;
  else if (row->fixity != FIX_POSTFIX) index->slots[slot].infix = row; /* BETWEEN is infix with a third operand */
}

void operator_index_make(OperatorIndex *index) {
  memset(index, 0, sizeof *index);
  size_t count;
  int used = 0;
  const Package *const *packages = catalog_packages(&count);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < packages[i]->operator_count; k++) {
      const Operator *row = &packages[i]->operators[k];
      index_add(index, str_of(row->name), row, &used);
      for (const char *alias = row->aliases; alias && *alias;) {
        size_t length = strcspn(alias, " ");
        if (length) index_add(index, str_make(alias, length), row, &used);
        alias += length + (alias[length] == ' ');
      }
    }
}

const Operator *operator_find(const OperatorIndex *index, Str word, Fixity fixity) {
  uint32_t slot = find_slot(index, word);
  return fixity == FIX_PREFIX ? index->slots[slot].prefix : index->slots[slot].infix;
}

/* ---- the flat list ---- */

static size_t item_push(Run *run, Item item) {
  VEC_GROW(run->items, run->item_count, run->item_cap);
  run->items[run->item_count] = item;
  return run->item_count++;
}

size_t items_operand(Run *run, const Expr *operand) {
  return item_push(run, (Item){.kind = ITEM_OPERAND, .operand = operand, .pos = operand->pos});
}

size_t items_operator(Run *run, ItemKind kind, const Token *token) {
  Item item = {.kind = kind, .pos = token->pos};
  if (kind == ITEM_PREFIX || kind == ITEM_INFIX) {
    item.op = operator_find(&run->parser->operators, token->text, kind == ITEM_PREFIX ? FIX_PREFIX : FIX_INFIX);
    if (!item.op) parse_error(run, token->pos, "there is no operator '%.*s' here", STR_ARG(token->text));
  }
  return item_push(run, item);
}

/* "x NOT LIKE y": the row of that name, found by the name of LIKE's own row, so that aliases need no rows. */
void items_infix_not(Run *run, const Token *not_word, const Token *token) {
  char name[64];
  Position pos = pos_span(not_word->pos, token->pos);
  const Operator *positive = operator_find(&run->parser->operators, token->text, FIX_INFIX);
  snprintf(name, sizeof name, "NOT %s", positive ? positive->name : "");
  const Operator *op = positive ? catalog_operator(str_of(name), positive->fixity) : NULL;
  if (!op) parse_error(run, pos, "there is no operator '%s'", name);
  item_push(run, (Item){.kind = ITEM_INFIX, .op = op, .pos = pos});
}

void items_is_null(Run *run, const Token *from, const Token *not_word, const Token *to) {
  const Operator *op = catalog_operator(str_of(not_word ? "IS NOT NULL" : "IS NULL"), FIX_POSTFIX);
  Position pos = pos_span(from->pos, to->pos);
  if (!op) parse_error(run, pos, "there is no operator IS NULL");
  item_push(run, (Item){.kind = ITEM_POSTFIX, .op = op, .pos = pos});
}

void items_cast(Run *run, const Token *sign, const Token *type) {
  const Operator *op = cast_operator(run, type);
  item_push(run, (Item){.kind = ITEM_POSTFIX, .cast = true, .op = op, .pos = pos_span(sign->pos, type->pos)});
}

/* ---- climbing ---- */

typedef struct Climber {
  Run *run;
  const Item *at, *end;
  int depth;
  const Operator *choice, *fallback; /* "?:" and DEFAULT */
} Climber;

static const Expr *climb(Climber *climber, int least);

static const Expr *make(Climber *climber, const Operator *op, Position pos, size_t count, const Expr *a, const Expr *b, const Expr *c) {
  Expr *expr = expr_new(climber->run, EXPR_OP, pos);
  const Expr **items = arena_alloc(climber->run->parser->arena, count * sizeof *items);
  const Expr *const given[3] = {a, b, c};
  memcpy(items, given, count * sizeof *items);
  expr->op = op;
  expr->items = items;
  expr->count = count;
  expr_set_depth(climber->run, expr);
  return expr;
}

/* Stands in for what could not be read, after an error. */
static const Expr *nothing(Climber *climber, Position pos) { return expr_new(climber->run, EXPR_LITERAL, pos); }

/* A sign right before a number is part of it. The smallest integer has come negated from expr_number. */
static const Expr *signed_literal(Climber *climber, const Item *sign, const Expr *number) {
  Expr *expr = expr_new(climber->run, EXPR_LITERAL, pos_span(sign->pos, number->pos));
  Value value = number->literal;
  if (sign->op->name[0] == '-') {
    if (value.type == TYPE_INT && value.as.i != INT64_MIN) value.as.i = -value.as.i;
    if (value.type == TYPE_DOUBLE) value.as.d = -value.as.d;
  }
  expr->literal = value;
  return expr;
}

static bool is_signed_literal(const Climber *climber) {
  const Item *sign = climber->at, *number = sign + 1;
  if (!sign->op || (strcmp(sign->op->name, "-") && strcmp(sign->op->name, "+"))) return false;
  return number < climber->end && number->kind == ITEM_OPERAND && number->operand->kind == EXPR_LITERAL && !number->operand->parenthesised &&
         (number->operand->literal.type == TYPE_INT || number->operand->literal.type == TYPE_DOUBLE);
}

static const Expr *unary(Climber *climber) {
  const Item *item = climber->at;
  if (item >= climber->end) return nothing(climber, climber->end[-1].pos);
  if (item->kind != ITEM_PREFIX) {
    climber->at++;
    return item->kind == ITEM_OPERAND ? item->operand : nothing(climber, item->pos);
  }
  if (is_signed_literal(climber)) {
    climber->at += 2;
    return signed_literal(climber, item, item[1].operand);
  }
  climber->at++;
  const Expr *operand = climb(climber, item->op ? item->op->priority : 0);
  return item->op ? make(climber, item->op, pos_span(item->pos, operand->pos), 1, operand, NULL, NULL) : operand;
}

/* "x BETWEEN low AND high": the bounds bind tighter than BETWEEN, so that AND is left over. */
static const Expr *between(Climber *climber, const Operator *op, const Expr *value) {
  const Item *item = climber->at++;
  const Expr *low = climb(climber, op->priority + 1);
  const Item *and_item = climber->at;
  if (and_item >= climber->end || and_item->kind != ITEM_INFIX || !and_item->op || and_item->op->special != SPECIAL_AND) {
    parse_error_hint(climber->run, item->pos, "write x BETWEEN low AND high", "BETWEEN has no AND");
    return value;
  }
  climber->at++;
  const Expr *high = climb(climber, op->priority + 1);
  return make(climber, op, pos_span(value->pos, high->pos), 3, value, low, high);
}

/* Without ":" the other value is NULL. */
static const Expr *choice(Climber *climber, const Expr *condition) {
  const Operator *op = climber->choice;
  Position sign = climber->at->pos;
  climber->at++;
  const Expr *taken = climb(climber, op->priority), *other;
  if (climber->at < climber->end && climber->at->kind == ITEM_COLON) {
    climber->at++;
    other = climb(climber, op->priority);
    return make(climber, op, pos_span(condition->pos, other->pos), 3, condition, taken, other);
  }
  other = nothing(climber, sign);
  return make(climber, op, pos_span(condition->pos, taken->pos), 3, condition, taken, other);
}

static const Expr *infix(Climber *climber, const Expr *left) {
  const Operator *op = climber->at->kind == ITEM_COLON ? climber->fallback : climber->at->op;
  if (!strcmp(op->name, "BETWEEN") || !strcmp(op->name, "NOT BETWEEN")) return between(climber, op, left);
  climber->at++;
  const Expr *right = climb(climber, op->right_assoc ? op->priority : op->priority + 1);
  return make(climber, op, pos_span(left->pos, right->pos), 2, left, right, NULL);
}

/* How tight the operator at hand binds; -1 when it is none. */
static int binding(const Climber *climber) {
  const Item *item = climber->at;
  switch (item->kind) {
    case ITEM_QUESTION: return climber->choice ? climber->choice->priority : -1;
    case ITEM_COLON: return climber->fallback ? climber->fallback->priority : -1;
    case ITEM_POSTFIX: return item->cast ? INT32_MAX : item->op ? item->op->priority : -1;
    case ITEM_INFIX: return item->op ? item->op->priority : -1;
    case ITEM_OPERAND: case ITEM_PREFIX: return -1;
  }
  return -1;
}

static const Expr *climb(Climber *climber, int least) {
  if (++climber->depth > EXPR_MAX_DEPTH) {
    if (!climber->run->stopped)
      parse_error(climber->run, climber->at->pos, "this expression is nested too deeply: more than %d levels", EXPR_MAX_DEPTH);
    climber->run->stopped = true;
    climber->at = climber->end;
    climber->depth--;
    return nothing(climber, climber->end[-1].pos);
  }
  const Expr *left = unary(climber);
  while (climber->at < climber->end) {
    const Item *item = climber->at;
    int priority = binding(climber);
    if (priority < 0) {
      climber->at = climber->end; /* the error has been reported */
      break;
    }
    if (priority < least) break;
    if (item->kind == ITEM_POSTFIX) {
      climber->at++;
      if (item->op) left = make(climber, item->op, pos_span(left->pos, item->pos), 1, left, NULL, NULL);
    } else {
      left = item->kind == ITEM_QUESTION ? choice(climber, left) : infix(climber, left);
    }
  }
  climber->depth--;
  return left;
}

static bool is_condition(const Item *item) {
  if (item->kind == ITEM_PREFIX) return item->op && item->op->boolean;
  if (item->kind != ITEM_OPERAND) return false;
  const Expr *operand = item->operand;
  if (operand->kind == EXPR_LITERAL) return operand->literal.type == TYPE_BOOL;
  return operand->kind == EXPR_OP && operand->parenthesised && operand->op->boolean;
}

/* "||" whose neighbours on both sides are conditions by form is OR. */
static void choose_or(Run *run, Item *items, size_t count) {
  for (size_t i = 1; i + 1 < count; i++) {
    Item *item = &items[i];
    if (item->kind != ITEM_INFIX || !item->op || strcmp(item->op->name, "||")) continue;
    const Operator *or_row = operator_find(&run->parser->operators, str_of("OR"), FIX_INFIX);
    if (or_row && is_condition(&items[i - 1]) && is_condition(&items[i + 1])) item->op = or_row;
  }
}

const Expr *items_climb(Run *run, size_t start) {
  Item *items = run->items + start;
  size_t count = run->item_count - start;
  run->item_count = start;
  if (count == 1 && items[0].kind == ITEM_OPERAND) return items[0].operand;
  choose_or(run, items, count);
  Climber climber = {.run = run, .at = items, .end = items + count, .choice = run->parser->choice,
                     .fallback = operator_find(&run->parser->operators, str_of("DEFAULT"), FIX_INFIX)};
  return climb(&climber, 0);
}
