/* prune.c - can a condition hold in a part of the input? Conditions are evaluated over sets: of a logical expression, which of
 * TRUE, FALSE and NULL it may give for some row of the part; of an operand, its value where it is the same in all rows, or
 * bounds. Every set may be too large, never too small. */
#include "engine/prune.h"

#include "value/decimal.h"

/* A set of truth values. */
enum { MAY_FALSE = 1, MAY_TRUE = 2, MAY_NULL = 4, MAY_ANY = 7 };

typedef struct Pruner {
  const LoadPlan *plan;
  uint32_t file;
  const PartBounds *own;
  const ReadFilter *filter; /* that is looked at */
  EvalContext eval;
  Arena arena;
} Pruner;

typedef enum OperandKind { OPERAND_UNKNOWN, OPERAND_VALUE, OPERAND_BOUNDS } OperandKind;

typedef struct Operand {
  OperandKind kind;
  Value value;
  ColumnBounds bounds;
} Operand;

/* --- Columns --- */

/* Types whose equal values are the same in every respect. */
static bool has_one_form(Value value) {
  return value.type == TYPE_INT || value.type == TYPE_STRING || value.type == TYPE_BOOL || value.type == TYPE_DATE;
}

/* An attribute that folders give: one value in all rows of the file. */
static bool folder_operand(const Pruner *pruner, int column, Str member, Operand *out) {
  const HiveColumns *hive = &pruner->plan->hive;
  for (uint32_t k = 0; k < hive->count; k++) {
    if (member.data ? !str_eq(hive->names[k], member) : column != (int)hive->columns[k]) continue;
    *out = (Operand){.kind = OPERAND_VALUE, .value = vector_value(&hive->vectors[(size_t)pruner->file * hive->count + k], 0)};
    return true;
  }
  return false;
}

static Operand attribute_operand(Pruner *pruner, int column, Str name) {
  Operand operand = {0};
  if (pruner->filter->members) {
    if (name.data) (void)folder_operand(pruner, -1, name, &operand);
    return operand;
  }
  if (column >= 0 && pruner->filter->columns) column = pruner->filter->columns[column];
  if (column >= 0 && folder_operand(pruner, column, (Str){0}, &operand)) return operand;
  if (column < 0 || !pruner->own || !pruner->own->column(pruner->own->self, (uint32_t)column, &pruner->arena, &operand.bounds)) return operand;
  const ColumnBounds *bounds = &operand.bounds;
  operand.kind = OPERAND_BOUNDS;
  if (!bounds->values) operand.kind = OPERAND_VALUE; /* NULL in all rows */
  if (bounds->nulls || bounds->min.type != bounds->max.type || !has_one_form(bounds->min)) return operand;
  if (value_total_order(bounds->min, bounds->max) != 0) return operand;
  operand.kind = OPERAND_VALUE;
  operand.value = bounds->min;
  return operand;
}

/* --- What is the same in all rows --- */

static bool is_plain(Special special) {
  switch (special) {
    case SPECIAL_NONE:
    case SPECIAL_AND:
    case SPECIAL_OR:
    case SPECIAL_XOR:
    case SPECIAL_NOT:
    case SPECIAL_CHOICE:
    case SPECIAL_DEFAULT:
    case SPECIAL_IS_NULL:
    case SPECIAL_IS_NOT_NULL: return true;
    case SPECIAL_RANDOM:
    case SPECIAL_COUNT_STAR:
    case SPECIAL_WINDOW:
    case SPECIAL_PUT:
    case SPECIAL_SET: return false;
  }
  return false;
}

static bool is_constant(Pruner *pruner, const Expr *expr) {
  if (!expr) return true;
  if (expr->over) return false;
  switch (expr->kind) {
    case EXPR_LITERAL: return true;
    case EXPR_ATTR: return !expr->steps == !pruner->filter->members && attribute_operand(pruner, expr->column, expr->name.text).kind == OPERAND_VALUE;
    case EXPR_OP:
      if (!is_plain(expr->op->special)) return false;
      break;
    case EXPR_CALL: /* own functions may do more than give a value */
      if (!expr->function || expr->function->needs_record || !is_plain(expr->function->special) || !expr->count) return false;
      break;
    case EXPR_ARRAY:
    case EXPR_RANGE:
    case EXPR_CASE: break;
    case EXPR_TEXT:
    case EXPR_VAR:
    case EXPR_STAR: return false;
  }
  for (size_t i = 0; i < expr->count; i++)
    if (!is_constant(pruner, expr->items[i])) return false;
  return true;
}

/* An object of which all is known that is asked for. */
static Value folder_members(Pruner *pruner) {
  const HiveColumns *hive = &pruner->plan->hive;
  Value *values = arena_alloc(&pruner->arena, (hive->count + 1) * sizeof *values);
  for (uint32_t k = 0; k < hive->count; k++) values[k] = vector_value(&hive->vectors[(size_t)pruner->file * hive->count + k], 0);
  return value_object(&pruner->arena, hive->names, values, hive->count);
}

static DcCode constant_attribute(void *self, int column, Str name, Value *out, DcError *err) {
  Pruner *pruner = self;
  (void)err;
  *out = pruner->filter->members ? folder_members(pruner) : attribute_operand(pruner, column, name).value;
  return DC_OK;
}

/* False where it fails: then what it fails for is to be met when rows are read. */
static bool evaluate(Pruner *pruner, const Expr *expr, Value *out) {
  DcError err = {0};
  RecordView record = {.self = pruner, .attribute = constant_attribute};
  program_enter(pruner->filter->op->program, &pruner->eval);
  pruner->eval.call.record = &record;
  pruner->eval.call.err = &err;
  DcCode code = eval(&pruner->eval, expr, out, &err);
  pruner->eval.call.record = NULL;
  pruner->eval.call.err = NULL;
  return code == DC_OK;
}

/* --- Operands --- */

static Operand find_operand(Pruner *pruner, const Expr *expr);

/* INT and DOUBLE of numbers keep their order. */
static Operand cast_operand(Pruner *pruner, const Expr *expr) {
  Operand operand = find_operand(pruner, expr->items[0]);
  ColumnBounds *bounds = &operand.bounds;
  if (operand.kind != OPERAND_BOUNDS || !value_is_number(bounds->min) || !value_is_number(bounds->max)) return (Operand){0};
  DcError err = {0};
  CallContext cx = {.arena = &pruner->arena, .err = &err, .record_level = true};
  Value min = bounds->min, max = bounds->max;
  if (expr->op->call(&cx, &min, 1, &bounds->min) != DC_OK || expr->op->call(&cx, &max, 1, &bounds->max) != DC_OK) return (Operand){0};
  return operand;
}

static Operand find_operand(Pruner *pruner, const Expr *expr) {
  Operand operand = {0};
  if (is_constant(pruner, expr)) {
    operand.kind = evaluate(pruner, expr, &operand.value) ? OPERAND_VALUE : OPERAND_UNKNOWN;
    return operand;
  }
  if (expr->kind == EXPR_ATTR && !expr->steps && !pruner->filter->members) return attribute_operand(pruner, expr->column, expr->name.text);
  if (expr->kind == EXPR_OP && (expr->op->kernel == KERNEL_INT || expr->op->kernel == KERNEL_DOUBLE)) return cast_operand(pruner, expr);
  return operand;
}

/* --- Comparisons --- */

static bool is_scalar(Value value) { return value.type != TYPE_NULL && value.type != TYPE_ARRAY && value.type != TYPE_OBJECT; }

/* Do bounds say how the values between them compare with this one? Text beside anything else is read anew for each value. */
static bool comparable(const ColumnBounds *bounds, Value value) {
  if (!is_scalar(bounds->min) || !is_scalar(bounds->max) || !is_scalar(value)) return false;
  bool numbers = value_is_number(bounds->min) && value_is_number(bounds->max);
  if (bounds->min.type != bounds->max.type && !numbers) return false;
  if (bounds->min.type == TYPE_STRING) return value.type == TYPE_STRING;
  return bounds->min.type != TYPE_BINARY || value.type == TYPE_BINARY;
}

static bool may_be_nan(const ColumnBounds *bounds) { return bounds->min.type == TYPE_DOUBLE || bounds->max.type == TYPE_DOUBLE; }

/* How the values that are not NULL compare with one: all at least low and at most high (-1, 0, 1). */
typedef struct Orders {
  bool known;
  bool null;      /* no value has an order beside it */
  bool unordered; /* some or all are not less, not equal, not greater */
  bool ordered;
  int low, high;
} Orders;

static Orders find_orders(const ColumnBounds *bounds, Value value, bool equality) {
  Orders orders = {0};
  Value number;
  if (!comparable(bounds, value)) return orders;
  if (value.type == TYPE_STRING && bounds->min.type == TYPE_STRING) {
    if (!equality && number_parse(value_get_str(value), &number)) return orders; /* texts of numbers compare as numbers */
    int low = str_compare(value_get_str(bounds->min), value_get_str(value)), high = str_compare(value_get_str(bounds->max), value_get_str(value));
    return (Orders){.known = true, .ordered = true, .low = (low > 0) - (low < 0), .high = (high > 0) - (high < 0)};
  }
  bool low = value_less_order(bounds->min, value, &orders.low), high = value_less_order(bounds->max, value, &orders.high);
  orders.known = low == high;
  orders.null = !low;
  orders.ordered = low && orders.low != VALUE_UNORDERED && orders.high != VALUE_UNORDERED;
  orders.unordered = low && (!orders.ordered || may_be_nan(bounds));
  return orders;
}

static unsigned set_of(bool may_true, bool may_false) { return (may_true ? MAY_TRUE : 0u) | (may_false ? MAY_FALSE : 0u); }

static unsigned negate(unsigned set) {
  return (set & MAY_NULL) | (set & MAY_TRUE ? MAY_FALSE : 0u) | (set & MAY_FALSE ? MAY_TRUE : 0u);
}

/* Values within bounds = value. */
static unsigned equal_set(const ColumnBounds *bounds, Value value) {
  unsigned nulls = bounds->nulls ? MAY_NULL : 0u;
  if (value_is_null(value)) return MAY_NULL;
  if (!bounds->values) return nulls;
  Orders orders = find_orders(bounds, value, true);
  if (!orders.known) return MAY_TRUE | MAY_FALSE | nulls;
  if (orders.null) return MAY_FALSE | nulls;
  bool same = orders.ordered && orders.low == 0 && orders.high == 0;
  return nulls | set_of(orders.ordered && orders.low <= 0 && orders.high >= 0, !same || orders.unordered);
}

static unsigned less_set(Kernel kernel, const ColumnBounds *bounds, Value value) {
  unsigned nulls = bounds->nulls ? MAY_NULL : 0u;
  if (value_is_null(value)) return MAY_NULL;
  if (!bounds->values) return nulls;
  Orders orders = find_orders(bounds, value, false);
  if (!orders.known) return MAY_ANY;
  if (orders.null) return MAY_NULL;
  unsigned set = nulls | (orders.unordered ? MAY_FALSE : 0u);
  if (!orders.ordered) return set;
  switch (kernel) {
    case KERNEL_LT: return set | set_of(orders.low < 0, orders.high >= 0);
    case KERNEL_LE: return set | set_of(orders.low <= 0, orders.high > 0);
    case KERNEL_GT: return set | set_of(orders.high > 0, orders.low <= 0);
    case KERNEL_GE: return set | set_of(orders.high >= 0, orders.low < 0);
    default: return MAY_ANY;
  }
}

static Kernel flipped(Kernel kernel) {
  switch (kernel) {
    case KERNEL_LT: return KERNEL_GT;
    case KERNEL_LE: return KERNEL_GE;
    case KERNEL_GT: return KERNEL_LT;
    case KERNEL_GE: return KERNEL_LE;
    default: return kernel;
  }
}

static unsigned truth_of(Value value) { return value_is_null(value) ? MAY_NULL : value_is_true(value) ? MAY_TRUE : MAY_FALSE; }

static unsigned values_set(Kernel kernel, Value a, Value b) {
  int order;
  if (kernel == KERNEL_EQ || kernel == KERNEL_NE) {
    int equal = value_equal(a, b);
    return equal < 0 ? MAY_NULL : (equal == 1) == (kernel == KERNEL_EQ) ? MAY_TRUE : MAY_FALSE;
  }
  if (!value_less_order(a, b, &order)) return MAY_NULL;
  if (order == VALUE_UNORDERED) return MAY_FALSE;
  bool is = kernel == KERNEL_LT ? order < 0 : kernel == KERNEL_LE ? order <= 0 : kernel == KERNEL_GT ? order > 0 : order >= 0;
  return is ? MAY_TRUE : MAY_FALSE;
}

static unsigned compare(Kernel kernel, const Operand *a, const Operand *b) {
  if (a->kind == OPERAND_VALUE && b->kind == OPERAND_VALUE) return values_set(kernel, a->value, b->value);
  if (a->kind == OPERAND_VALUE) return b->kind == OPERAND_BOUNDS ? compare(flipped(kernel), b, a) : MAY_ANY;
  if (a->kind != OPERAND_BOUNDS || b->kind != OPERAND_VALUE) return MAY_ANY;
  if (kernel == KERNEL_EQ) return equal_set(&a->bounds, b->value);
  if (kernel == KERNEL_NE) return negate(equal_set(&a->bounds, b->value));
  return less_set(kernel, &a->bounds, b->value);
}

/* --- Other conditions on one operand --- */

static unsigned in_set(const Operand *operand, Value list) {
  if (operand->kind == OPERAND_VALUE) {
    int in = value_in(operand->value, list);
    return in < 0 ? MAY_NULL : in ? MAY_TRUE : MAY_FALSE;
  }
  if (operand->kind != OPERAND_BOUNDS) return MAY_ANY;
  if (list.type != TYPE_ARRAY) return equal_set(&operand->bounds, list);
  unsigned set = (operand->bounds.nulls ? MAY_NULL : 0u) | (operand->bounds.values ? MAY_FALSE : 0u);
  for (size_t i = 0; i < list.as.array->count; i++) {
    Value item = list.as.array->items[i];
    if (value_is_null(item)) continue; /* equals nothing */
    unsigned equal = equal_set(&operand->bounds, item);
    set |= equal & MAY_TRUE;
    if (!(equal & MAY_FALSE)) set &= ~(unsigned)MAY_FALSE;
  }
  return set;
}

/* What texts that match must begin with: the part of a LIKE pattern before its first % or _. False: it is no such pattern. */
static bool like_prefix(Str pattern, Str *out) {
  size_t wild = SIZE_MAX;
  for (size_t i = 0; i < pattern.len; i++) {
    char c = pattern.data[i];
    if (!c || strchr(".*+?[](){}|^$\\/", c)) return false;
    if (wild == SIZE_MAX && (c == '%' || c == '_')) wild = i;
  }
  *out = str_make(pattern.data, wild);
  return wild != SIZE_MAX;
}

static unsigned prefix_set(const Operand *operand, Str prefix) {
  const ColumnBounds *bounds = &operand->bounds;
  if (operand->kind != OPERAND_BOUNDS) return MAY_ANY;
  if (!bounds->values) return MAY_NULL;
  if (bounds->min.type != TYPE_STRING || bounds->max.type != TYPE_STRING) return MAY_ANY;
  Str min = value_get_str(bounds->min), max = value_get_str(bounds->max);
  bool possible = str_compare(max, prefix) >= 0 && (str_compare(min, prefix) <= 0 || str_starts(min, prefix));
  return (bounds->nulls ? MAY_NULL : 0u) | MAY_FALSE | (possible ? MAY_TRUE : 0u);
}

static unsigned null_set(const Operand *operand, bool is_null) {
  if (operand->kind == OPERAND_UNKNOWN) return MAY_TRUE | MAY_FALSE;
  bool value = operand->kind == OPERAND_VALUE;
  bool nulls = value ? value_is_null(operand->value) : operand->bounds.nulls;
  bool values = value ? !nulls : operand->bounds.values;
  return is_null ? set_of(nulls, values) : set_of(values, nulls);
}

/* --- Logic --- */

static unsigned both(unsigned a, unsigned b) {
  unsigned set = (a | b) & MAY_FALSE;
  if (a & b & MAY_TRUE) set |= MAY_TRUE;
  if ((a & MAY_NULL && b & (MAY_NULL | MAY_TRUE)) || (b & MAY_NULL && a & (MAY_NULL | MAY_TRUE))) set |= MAY_NULL;
  return set;
}

static unsigned possible(Pruner *pruner, const Expr *expr);

static unsigned possible_of(Pruner *pruner, const Operand *operand) {
  (void)pruner;
  if (operand->kind == OPERAND_VALUE) return truth_of(operand->value);
  const ColumnBounds *bounds = &operand->bounds;
  if (operand->kind != OPERAND_BOUNDS || bounds->min.type != TYPE_BOOL || bounds->max.type != TYPE_BOOL) return MAY_ANY;
  return (bounds->nulls ? MAY_NULL : 0u) | set_of(bounds->max.as.b, !bounds->min.as.b);
}

/* x BETWEEN a AND b */
static unsigned between(Pruner *pruner, const Expr *expr) {
  Operand x = find_operand(pruner, expr->items[0]), a = find_operand(pruner, expr->items[1]), b = find_operand(pruner, expr->items[2]);
  return both(compare(KERNEL_GE, &x, &a), compare(KERNEL_LE, &x, &b));
}

static unsigned possible_prefix(Pruner *pruner, const Expr *expr, bool like) {
  Operand text = find_operand(pruner, expr->items[0]), start = find_operand(pruner, expr->items[1]);
  if (start.kind != OPERAND_VALUE || start.value.type != TYPE_STRING) return MAY_ANY;
  Str prefix = value_get_str(start.value);
  if (like && !like_prefix(prefix, &prefix)) return MAY_ANY;
  return prefix_set(&text, prefix);
}

static unsigned possible_named(Pruner *pruner, const Expr *expr) {
  const char *name = expr->op->name;
  if (strcmp(name, "BETWEEN") == 0) return between(pruner, expr);
  if (strcmp(name, "NOT BETWEEN") == 0) return negate(between(pruner, expr));
  if (strcmp(name, "LIKE") == 0) return possible_prefix(pruner, expr, true);
  return MAY_ANY;
}

static unsigned possible_op(Pruner *pruner, const Expr *expr) {
  Operand a, b;
  switch (expr->op->special) {
    case SPECIAL_AND: return both(possible(pruner, expr->items[0]), possible(pruner, expr->items[1]));
    case SPECIAL_OR: return negate(both(negate(possible(pruner, expr->items[0])), negate(possible(pruner, expr->items[1]))));
    case SPECIAL_NOT: return negate(possible(pruner, expr->items[0]));
    case SPECIAL_IS_NULL:
    case SPECIAL_IS_NOT_NULL:
      a = find_operand(pruner, expr->items[0]);
      return null_set(&a, expr->op->special == SPECIAL_IS_NULL);
    case SPECIAL_NONE: break;
    default: return MAY_ANY;
  }
  switch (expr->op->kernel) {
    case KERNEL_EQ: case KERNEL_NE: case KERNEL_LT: case KERNEL_LE: case KERNEL_GT: case KERNEL_GE:
      a = find_operand(pruner, expr->items[0]);
      b = find_operand(pruner, expr->items[1]);
      return compare(expr->op->kernel, &a, &b);
    case KERNEL_IN: case KERNEL_NOT_IN:
      a = find_operand(pruner, expr->items[0]);
      b = find_operand(pruner, expr->items[1]);
      if (b.kind != OPERAND_VALUE) return MAY_ANY;
      return expr->op->kernel == KERNEL_IN ? in_set(&a, b.value) : negate(in_set(&a, b.value));
    default: return possible_named(pruner, expr);
  }
}

/* Which truth values an expression may have in some row of the part. */
static unsigned possible(Pruner *pruner, const Expr *expr) {
  bool logic = expr->kind == EXPR_OP && (expr->op->special == SPECIAL_AND || expr->op->special == SPECIAL_OR || expr->op->special == SPECIAL_NOT);
  if (!logic) {
    Operand operand = find_operand(pruner, expr);
    unsigned set = possible_of(pruner, &operand);
    if (set != MAY_ANY) return set;
  }
  if (expr->kind == EXPR_OP) return possible_op(pruner, expr);
  if (expr->kind == EXPR_CALL && expr->function && expr->function->kernel == KERNEL_STARTS) return possible_prefix(pruner, expr, false);
  return MAY_ANY;
}

/* Where the columns behind a projection come from; columns: those before it, as in ReadFilter, count of them. */
static const int *projected(const NarrowOp *op, const int *columns, uint32_t count, Arena *arena) {
  uint32_t made = op->reshape ? op->reshape->column_count : 0;
  int *out = arena_alloc(arena, (op->item_count + made + op->carried + 1) * sizeof *out);
  for (uint32_t i = 0; i < made; i++) out[i] = -1;
  for (uint32_t i = 0; i < op->carried; i++) {
    uint32_t column = count - op->carried + i;
    out[made + i] = columns ? columns[column] : (int)column;
  }
  for (size_t i = 0; !op->reshape && i < op->item_count; i++) {
    int column = op->items[i].column;
    out[i] = column >= 0 && columns ? columns[column] : column;
  }
  return out;
}

const ReadFilter *prune_filters(const Dataset *source, const NarrowOp *const *ops, size_t op_count, Arena *arena, size_t *count) {
  const int *columns = NULL;
  const Reshape *wrap = source->load->hive.wrap;
  bool members = false;
  uint32_t width = source->schema.count;
  ReadFilter *filters = arena_alloc(arena, (op_count + 1) * sizeof *filters);
  *count = 0;
  for (size_t i = 0; i < op_count; i++) {
    const NarrowOp *op = ops[i];
    if (op->where) filters[(*count)++] = (ReadFilter){op, columns, members};
    if (op->share >= 0) break;
    if (!op->project) continue;
    if (members || (op->reshape && !op->carried && op->reshape != wrap)) break;
    members = op->reshape && op->reshape == wrap;
    columns = projected(op, columns, width, arena);
    width = op->schema->count;
  }
  return filters;
}

bool prune_may_match(const LoadPlan *plan, uint32_t file, const ReadSpec *spec, const PartBounds *own) {
  Pruner pruner = {.plan = plan, .file = file, .own = own};
  pruner.eval = (EvalContext){.call = {.arena = &pruner.arena}, .names = NAMES_AS_RECORD, .max_depth = 1000, .interrupted = engine_interrupted};
  bool may = true;
  for (size_t i = 0; i < spec->filter_count && may; i++) {
    pruner.filter = &spec->filters[i];
    may = possible(&pruner, pruner.filter->op->where) & MAY_TRUE;
  }
  call_context_deinit(&pruner.eval.call);
  arena_free(&pruner.arena);
  return may;
}

size_t prune_counts(const LoadPlan *plan, const ReadFilter *filters, size_t count) {
  ReadSpec spec = {.filters = filters, .filter_count = count};
  size_t files = plan->files.count;
  for (uint32_t f = 0; plan->hive.count && count && f < plan->files.count; f++) files -= !prune_may_match(plan, f, &spec, NULL);
  return files;
}
