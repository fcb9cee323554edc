/* kernels.c - the vector loops. A kernel takes typed vectors and gives a typed one; anything odd (mixed types, text that
 * is no plain number, an overflow) is handed to the operator's scalar function, row by row, which decides and words the
 * error. So a kernel never has rules of its own. */
#include "engine/kernels.h"

#include "catalog/random.h"

Vector kernel_literal(Worker *worker, Value value) {
  Arena *arena = &worker->scratch;
  Vector vector = {.constant = true};
  switch ((Type)value.type) {
    case TYPE_NULL: vector.kind = VEC_NULL; break;
    case TYPE_BOOL: {
      uint8_t *bools = arena_raw(arena, 1);
      bools[0] = value.as.b;
      vector.kind = VEC_BOOL;
      vector.as.bools = bools;
      break;
    }
    case TYPE_INT: {
      int64_t *ints = arena_raw(arena, sizeof *ints);
      ints[0] = value.as.i;
      vector.kind = VEC_INT;
      vector.as.ints = ints;
      break;
    }
    case TYPE_DOUBLE: {
      double *doubles = arena_raw(arena, sizeof *doubles);
      doubles[0] = value.as.d;
      vector.kind = VEC_DOUBLE;
      vector.as.doubles = doubles;
      break;
    }
    case TYPE_STRING: {
      Str *strs = arena_raw(arena, sizeof *strs);
      strs[0] = value_get_str(value);
      vector.kind = VEC_STR;
      vector.as.strs = strs;
      break;
    }
    default: {
      Value *values = arena_raw(arena, sizeof *values);
      values[0] = value;
      vector.kind = VEC_ANY;
      vector.as.values = values;
    }
  }
  return vector;
}

bool kernel_random(Worker *worker, const Program *program, const Expr *expr, const View *view, Vector *out) {
  const Expr *bound = expr->items[0];
  if (bound->kind != EXPR_LITERAL || bound->literal.type != TYPE_INT) return false;
  int64_t n = bound->literal.as.i;
  int64_t *ints = arena_raw(&worker->scratch, (view->n + 1) * sizeof *ints);
  for (uint32_t i = 0; i < view->n; i++)
    ints[i] = random_below(random_mix(program->seed, program->statement, view_origin(view, i)), n);
  *out = (Vector){.kind = VEC_INT, .as.ints = ints};
  return true;
}

/* --- Reading operands --- */

/* Row i of a vector, or its one value. */
static inline uint32_t at(const Vector *vector, uint32_t i) { return vector->constant ? 0 : i; }

static const uint8_t *merge_nulls(Arena *arena, const Vector *a, const Vector *b, uint32_t n) {
  bool an = a->nulls != NULL, bn = b && b->nulls;
  if (!an && !bn) return NULL;
  uint8_t *nulls = arena_raw(arena, n + 1);
  for (uint32_t i = 0; i < n; i++) nulls[i] = (uint8_t)((an && a->nulls[at(a, i)]) || (bn && b->nulls[at(b, i)]));
  return nulls;
}

/* 1 to 18 plain digits with an optional minus: what most integers in text are. */
static inline bool plain_int(Str text, int64_t *out) {
  const char *p = text.data;
  size_t len = text.len;
  bool negative = len > 1 && *p == '-';
  if (negative) {
    p++;
    len--;
  }
  if (len == 0 || len > 18) return false;
  int64_t value = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned digit = (unsigned)(p[i] - '0');
    if (digit > 9) return false;
    value = value * 10 + (int64_t)digit;
  }
  *out = negative ? -value : value;
  return true;
}

/* 0x and up to 15 hex digits. */
static inline bool plain_hex(Str text, int64_t *out) {
  if (text.len < 3 || text.len > 17 || text.data[0] != '0' || (text.data[1] | 32) != 'x') return false;
  int64_t value = 0;
  for (size_t i = 2; i < text.len; i++) {
    unsigned char c = (unsigned char)text.data[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (digit < 0) return false;
    value = value * 16 + digit;
  }
  *out = value;
  return true;
}

/* All texts as plain integers, or false. */
static bool texts_to_ints(Arena *arena, const Vector *in, uint32_t n, Vector *out) {
  if (in->constant) n = 1;
  int64_t *ints = arena_raw(arena, (n + 1) * sizeof *ints);
  for (uint32_t i = 0; i < n; i++) {
    if (in->nulls && in->nulls[i]) ints[i] = 0;
    else if (!plain_int(in->as.strs[i], &ints[i]) && !plain_hex(in->as.strs[i], &ints[i])) return false;
  }
  *out = (Vector){.kind = VEC_INT, .constant = in->constant, .nulls = in->nulls, .as.ints = ints};
  return true;
}

/* All texts as doubles (none of them a plain integer would change the result's type), or false. */
static bool texts_to_doubles(Arena *arena, const Vector *in, uint32_t n, Vector *out) {
  if (in->constant) n = 1;
  double *doubles = arena_raw(arena, (n + 1) * sizeof *doubles);
  for (uint32_t i = 0; i < n; i++) {
    Value number;
    doubles[i] = 0;
    if (in->nulls && in->nulls[i]) continue;
    if (!number_parse(in->as.strs[i], &number) || number.type != TYPE_DOUBLE) return false;
    doubles[i] = number.as.d;
  }
  *out = (Vector){.kind = VEC_DOUBLE, .constant = in->constant, .nulls = in->nulls, .as.doubles = doubles};
  return true;
}

/* A numeric vector for arithmetic; false: mixed or no numbers. */
static bool numeric(Arena *arena, const Vector *in, uint32_t n, Vector *out) {
  if (in->kind == VEC_INT || in->kind == VEC_DOUBLE) {
    *out = *in;
    return true;
  }
  return in->kind == VEC_STR && (texts_to_ints(arena, in, n, out) || texts_to_doubles(arena, in, n, out));
}

static inline double double_at(const Vector *vector, uint32_t i) {
  i = at(vector, i);
  return vector->kind == VEC_INT ? (double)vector->as.ints[i] : vector->as.doubles[i];
}

/* --- Arithmetic --- */

static bool int_arithmetic(Kernel kernel, const Vector *a, const Vector *b, uint32_t n, const uint8_t *nulls, int64_t *out) {
  bool over = false;
  for (uint32_t i = 0; i < n; i++) {
    int64_t x = a->as.ints[at(a, i)], y = b->as.ints[at(b, i)];
    bool bad = false;
    switch (kernel) {
      case KERNEL_ADD: bad = __builtin_add_overflow(x, y, &out[i]); break;
      case KERNEL_SUB: bad = __builtin_sub_overflow(x, y, &out[i]); break;
      case KERNEL_MUL: bad = __builtin_mul_overflow(x, y, &out[i]); break;
      default: /* KERNEL_MOD */
        bad = y == 0 || y == -1;
        out[i] = bad ? 0 : x % y;
        bad = y == 0;
        break;
    }
    over |= bad && !(nulls && nulls[i]);
  }
  return !over;
}

static bool double_arithmetic(Kernel kernel, const Vector *a, const Vector *b, uint32_t n, const uint8_t *nulls, double *out) {
  for (uint32_t i = 0; i < n; i++) {
    double x = double_at(a, i), y = double_at(b, i);
    switch (kernel) {
      case KERNEL_ADD: out[i] = x + y; break;
      case KERNEL_SUB: out[i] = x - y; break;
      case KERNEL_MUL: out[i] = x * y; break;
      default: /* KERNEL_DIV */
        if (y == 0 && !(nulls && nulls[i])) return false; /* counted by the scalar function */
        out[i] = x / y;
        break;
    }
  }
  return true;
}

static bool arithmetic(Arena *arena, Kernel kernel, const Vector *args, uint32_t n, Vector *out) {
  Vector a, b;
  if (!numeric(arena, &args[0], n, &a) || !numeric(arena, &args[1], n, &b)) return false;
  bool ints = a.kind == VEC_INT && b.kind == VEC_INT && kernel != KERNEL_DIV;
  if (kernel == KERNEL_MOD && !ints) return false;
  const uint8_t *nulls = merge_nulls(arena, &a, &b, n);
  if (ints) {
    int64_t *result = arena_raw(arena, (n + 1) * sizeof *result);
    *out = (Vector){.kind = VEC_INT, .nulls = nulls, .as.ints = result};
    return int_arithmetic(kernel, &a, &b, n, nulls, result);
  }
  double *result = arena_raw(arena, (n + 1) * sizeof *result);
  *out = (Vector){.kind = VEC_DOUBLE, .nulls = nulls, .as.doubles = result};
  return double_arithmetic(kernel, &a, &b, n, nulls, result);
}

static bool negate(Arena *arena, const Vector *arg, uint32_t n, Vector *out) {
  Vector zero = {.kind = VEC_INT, .constant = true}, pair[2];
  int64_t none = 0;
  if (arg->kind != VEC_INT) return false; /* 0 - x is not -x for a double zero */
  zero.as.ints = &none;
  pair[0] = zero;
  pair[1] = *arg;
  return arithmetic(arena, KERNEL_SUB, pair, n, out);
}

/* --- Casts --- */

/* INT of texts: plain ones here; the others, row by row, through the operator. */
static DcCode cast_int(Worker *worker, const Expr *expr, View *view, const Vector *arg, Vector *out) {
  int64_t *ints = arena_raw(&worker->scratch, (view->n + 1) * sizeof *ints);
  uint8_t *nulls = NULL;
  for (uint32_t i = 0; i < view->n; i++) {
    Str text = arg->as.strs[i];
    bool null = arg->nulls && arg->nulls[i];
    if (!null && (plain_int(text, &ints[i]) || plain_hex(text, &ints[i]))) continue;
    Value in = null ? value_null() : value_str(text), result = value_null();
    DcError err = {0};
    worker->eval.call.err = &err;
    if (!null && expr->op->call(&worker->eval.call, &in, 1, &result) != DC_OK) {
      dc_position(&err, expr->pos);
      if (view_bad_row(worker, expr, view, i, &err) != DC_OK) {
        worker->err = err;
        return err.code;
      }
      result = value_null();
    }
    ints[i] = result.type == TYPE_INT ? result.as.i : 0;
    if (result.type != TYPE_INT) {
      if (!nulls) nulls = arena_alloc(&worker->scratch, view->n + 1);
      nulls[i] = 1;
    }
  }
  *out = (Vector){.kind = VEC_INT, .nulls = nulls, .as.ints = ints};
  return DC_OK;
}

/* --- Comparisons --- */

static inline bool compare_result(Kernel kernel, int order) {
  switch (kernel) {
    case KERNEL_EQ: return order == 0;
    case KERNEL_NE: return order != 0;
    case KERNEL_LT: return order < 0;
    case KERNEL_LE: return order <= 0;
    case KERNEL_GT: return order > 0;
    default: return order >= 0;
  }
}

static bool compare_ints(Kernel kernel, const Vector *a, const Vector *b, uint32_t n, uint8_t *out) {
  for (uint32_t i = 0; i < n; i++) {
    int64_t x = a->as.ints[at(a, i)], y = b->as.ints[at(b, i)];
    out[i] = compare_result(kernel, (x > y) - (x < y));
  }
  return true;
}

/* Doubles, and integers that a double holds exactly; NaN and large integers go to the scalar function. */
static bool compare_doubles(Kernel kernel, const Vector *a, const Vector *b, uint32_t n, uint8_t *out) {
  const double exact = 9007199254740992.0; /* 2^53 */
  for (uint32_t i = 0; i < n; i++) {
    double x = double_at(a, i), y = double_at(b, i);
    if (!(x <= exact && x >= -exact && y <= exact && y >= -exact)) return false;
    out[i] = compare_result(kernel, (x > y) - (x < y));
  }
  return true;
}

/* Texts: equality is of bytes; order only when neither is a number, which the first byte of one tells often enough. */
static bool compare_texts(Kernel kernel, const Vector *a, const Vector *b, uint32_t n, uint8_t *out) {
  if (kernel != KERNEL_EQ && kernel != KERNEL_NE) return false;
  for (uint32_t i = 0; i < n; i++) out[i] = str_eq(a->as.strs[at(a, i)], b->as.strs[at(b, i)]) == (kernel == KERNEL_EQ);
  return true;
}

static bool compare(Arena *arena, Kernel kernel, const Vector *args, uint32_t n, Vector *out) {
  Vector a = args[0], b = args[1];
  uint8_t *bools = arena_raw(arena, n + 1);
  *out = (Vector){.kind = VEC_BOOL, .nulls = merge_nulls(arena, &a, &b, n), .as.bools = bools};
  if (a.kind == VEC_STR && b.kind == VEC_STR) return compare_texts(kernel, &a, &b, n, bools);
  if (!numeric(arena, &args[0], n, &a) || !numeric(arena, &args[1], n, &b)) return false;
  if (a.kind == VEC_INT && b.kind == VEC_INT) return compare_ints(kernel, &a, &b, n, bools);
  return compare_doubles(kernel, &a, &b, n, bools);
}

/* --- Text --- */

static Str text_at(Arena *arena, const Vector *vector, uint32_t i) {
  if (vector->kind == VEC_STR) return vector->as.strs[at(vector, i)];
  return value_to_str(arena, vector_value(vector, i));
}

static bool concat(Arena *arena, const Vector *args, uint32_t n, Vector *out) {
  const Vector *a = &args[0], *b = &args[1];
  if ((a->kind != VEC_STR && a->kind != VEC_INT) || (b->kind != VEC_STR && b->kind != VEC_INT)) return false;
  Str *strs = arena_raw(arena, (n + 1) * sizeof *strs);
  const uint8_t *nulls = merge_nulls(arena, a, b, n);
  size_t room = 0;
  char *next = NULL;
  for (uint32_t i = 0; i < n; i++) {
    strs[i] = (Str){"", 0};
    if (nulls && nulls[i]) continue;
    Str x = text_at(arena, a, i), y = text_at(arena, b, i);
    size_t len = x.len + y.len;
    if (len > room) {
      room = len > 16384 ? len : 16384;
      next = arena_raw(arena, room);
    }
    if (x.len) memcpy(next, x.data, x.len);
    if (y.len) memcpy(next + x.len, y.data, y.len);
    strs[i] = (Str){next, len};
    next += len;
    room -= len;
  }
  *out = (Vector){.kind = VEC_STR, .nulls = nulls, .as.strs = strs};
  return true;
}

static bool ascii(const char *data, size_t len) {
  unsigned char all = 0;
  for (size_t i = 0; i < len; i++) all |= (unsigned char)data[i];
  return all < 0x80;
}

/* STR_SLICE with constant, not negative bounds; text whose first `to` bytes are ASCII. */
static bool slice(Arena *arena, const Vector *args, uint32_t n, Vector *out) {
  if (args[0].kind != VEC_STR || args[1].kind != VEC_INT || args[2].kind != VEC_INT) return false;
  if (!args[1].constant || !args[2].constant || args[0].constant) return false;
  int64_t from = args[1].as.ints[0], to = args[2].as.ints[0];
  if (from < 0 || to < from) return false;
  Str *strs = arena_raw(arena, (n + 1) * sizeof *strs);
  for (uint32_t i = 0; i < n; i++) {
    Str text = args[0].as.strs[i];
    size_t end = (uint64_t)to < text.len ? (size_t)to : text.len, start = (uint64_t)from < end ? (size_t)from : end;
    if (!ascii(text.data, end)) return false;
    strs[i] = (Str){text.data + start, end - start};
  }
  *out = (Vector){.kind = VEC_STR, .nulls = args[0].nulls, .as.strs = strs};
  return true;
}

/* IN a constant array of texts. */
static bool in_texts(Arena *arena, Kernel kernel, const Vector *args, uint32_t n, Vector *out) {
  if (args[0].kind != VEC_STR || args[0].constant || args[1].kind != VEC_ANY || !args[1].constant) return false;
  Value list = args[1].as.values[0];
  if (list.type != TYPE_ARRAY) return false;
  const Array *array = list.as.array;
  for (size_t k = 0; k < array->count; k++)
    if (array->items[k].type != TYPE_STRING) return false;
  uint8_t *bools = arena_raw(arena, n + 1);
  for (uint32_t i = 0; i < n; i++) {
    bool found = false;
    for (size_t k = 0; k < array->count && !found; k++) found = str_eq(args[0].as.strs[i], value_get_str(array->items[k]));
    bools[i] = found == (kernel == KERNEL_IN);
  }
  *out = (Vector){.kind = VEC_BOOL, .nulls = args[0].nulls, .as.bools = bools};
  return true;
}

DcCode kernel_run(Worker *worker, Kernel kernel, const Expr *expr, View *view, const Vector *args, Vector *out, bool *done) {
  Arena *arena = &worker->scratch;
  uint32_t n = view->n;
  *done = false;
  for (size_t i = 0; i < expr->count; i++)
    if (args[i].kind == VEC_NULL) return DC_OK;
  switch (kernel) {
    case KERNEL_INT:
      if (args[0].kind == VEC_INT) {
        *out = args[0];
        *done = true;
      } else if (args[0].kind == VEC_STR && !args[0].constant && expr->kind == EXPR_OP) {
        *done = true;
        return cast_int(worker, expr, view, &args[0], out);
      }
      return DC_OK;
    case KERNEL_ADD:
    case KERNEL_SUB:
    case KERNEL_MUL:
    case KERNEL_DIV:
    case KERNEL_MOD: *done = arithmetic(arena, kernel, args, n, out); return DC_OK;
    case KERNEL_NEG: *done = negate(arena, &args[0], n, out); return DC_OK;
    case KERNEL_EQ:
    case KERNEL_NE:
    case KERNEL_LT:
    case KERNEL_LE:
    case KERNEL_GT:
    case KERNEL_GE: *done = compare(arena, kernel, args, n, out); return DC_OK;
    case KERNEL_CONCAT: *done = concat(arena, args, n, out); return DC_OK;
    case KERNEL_SLICE: *done = expr->count == 3 && slice(arena, args, n, out); return DC_OK;
    case KERNEL_IN:
    case KERNEL_NOT_IN: *done = in_texts(arena, kernel, args, n, out); return DC_OK;
    default: return DC_OK;
  }
}
