/* arrow_format.c - the format texts of the Arrow C data interface, and the fields made of them. */
#include "value/arrow_format.h"

enum { MOST_LEVELS = 100 };

/* --- Formats --- */

/* A number without sign up to 10^6 at *at; -1: there is none. */
static int take_count(const char **at) {
  int number = 0;
  const char *start = *at;
  for (; **at >= '0' && **at <= '9'; ++*at)
    if ((number = number * 10 + (**at - '0')) > 1000000) return -1;
  return *at == start ? -1 : number;
}

/* d:precision,scale[,bits] */
static ArrowFormat decimal_format(const char *at) {
  ArrowFormat format = {.kind = ARROW_DECIMAL, .width = 16}, unknown = {0};
  if (*at++ != ':' || (format.precision = take_count(&at)) < 1 || *at++ != ',') return unknown;
  bool negative = *at == '-';
  at += negative;
  int scale = take_count(&at);
  if (scale < 0) return unknown;
  format.scale = negative ? -scale : scale;
  if (*at == ',') {
    at++;
    int bits = take_count(&at);
    if (bits != 32 && bits != 64 && bits != 128 && bits != 256) return unknown;
    format.width = bits / 8;
  }
  static const int most[] = {[4] = 9, [8] = 18, [16] = 38, [32] = 76};
  return *at || format.precision > most[format.width] ? unknown : format;
}

static bool is_unit(char c) { return c == 's' || c == 'm' || c == 'u' || c == 'n'; }

/* tdD, tdm, tts …, tss:zone …, tDs …, tiM … */
static ArrowFormat moment_format(const char *at) {
  ArrowFormat format = {.unit = at[0] ? at[1] : 0, .width = 8}, unknown = {0};
  if (!format.unit) return unknown;
  const char *rest = at + 2;
  switch (*at) {
    case 'd':
      if (format.unit != 'D' && format.unit != 'm') return unknown;
      format.kind = format.unit == 'D' ? ARROW_DATE32 : ARROW_DATE64;
      format.width = format.unit == 'D' ? 4 : 8;
      break;
    case 't':
      format.kind = format.unit == 's' || format.unit == 'm' ? ARROW_TIME32 : ARROW_TIME64;
      format.width = format.kind == ARROW_TIME32 ? 4 : 8;
      break;
    case 's':
      if (*rest != ':' || !is_unit(format.unit)) return unknown;
      format.kind = ARROW_TIMESTAMP;
      format.zone = rest + 1;
      return format;
    case 'D': format.kind = ARROW_DURATION; break;
    case 'i': format.kind = ARROW_INTERVAL; return format;
    default: return unknown;
  }
  bool date = *at == 'd';
  return *rest || (!date && !is_unit(format.unit)) ? unknown : format;
}

/* +l, +s, … */
static ArrowFormat nested_format(const char *at) {
  ArrowFormat format = {0}, unknown = {0};
  const char *rest = at + 1;
  switch (*at) {
    case 'l': format.kind = ARROW_LIST; break;
    case 'L': format.kind = ARROW_LARGE_LIST; break;
    case 's': format.kind = ARROW_STRUCT; break;
    case 'm': format.kind = ARROW_MAP; break;
    case 'r': format.kind = ARROW_RUN_END; break;
    case 'u': format.kind = ARROW_UNION; return format;
    case 'v':
      if (*rest != 'l' && *rest != 'L') return unknown;
      format.kind = *rest++ == 'l' ? ARROW_LIST_VIEW : ARROW_LARGE_LIST_VIEW;
      break;
    case 'w':
      if (*rest++ != ':' || (format.width = take_count(&rest)) < 0) return unknown;
      format.kind = ARROW_FIXED_LIST;
      break;
    default: return unknown;
  }
  return *rest ? unknown : format;
}

static int32_t metadata_number(const char **at) {
  int32_t number = arrow_i32(*at, 0);
  *at += 4;
  return number;
}

/* The name of an extension type; empty: it is none. */
static Str extension_of(const struct ArrowSchema *type) {
  const char *at = type->metadata;
  if (!at) return (Str){0};
  for (int32_t pairs = metadata_number(&at); pairs > 0; pairs--) {
    Str parts[2];
    for (int i = 0; i < 2; i++) {
      int32_t len = metadata_number(&at);
      if (len < 0) return (Str){0};
      parts[i] = str_make(at, (size_t)len);
      at += len;
    }
    if (str_is(parts[0], "ARROW:extension:name")) return parts[1];
  }
  return (Str){0};
}

static ArrowFormat fixed_format(const struct ArrowSchema *type) {
  const char *at = type->format + 1;
  ArrowFormat format = {.kind = ARROW_FIXED_BINARY}, unknown = {0};
  if (*at++ != ':' || (format.width = take_count(&at)) < 0 || *at) return unknown;
  format.uuid = format.width == 16 && str_is(extension_of(type), "arrow.uuid");
  return format;
}

ArrowFormat arrow_format(const struct ArrowSchema *type) {
  static const struct {
    char letter;
    uint8_t kind, width;
  } single[] = {
    {'l', ARROW_INT64, 8}, {'u', ARROW_STRING, 4}, {'g', ARROW_FLOAT64, 8}, {'i', ARROW_INT32, 4},
    {'f', ARROW_FLOAT32, 4}, {'b', ARROW_BOOL, 0}, {'n', ARROW_NULL, 0}, {'c', ARROW_INT8, 1}, {'C', ARROW_UINT8, 1},
    {'s', ARROW_INT16, 2}, {'S', ARROW_UINT16, 2}, {'I', ARROW_UINT32, 4}, {'L', ARROW_UINT64, 8},
    {'e', ARROW_FLOAT16, 2}, {'U', ARROW_LARGE_STRING, 8}, {'z', ARROW_BINARY, 4}, {'Z', ARROW_LARGE_BINARY, 8},
  };
  const char *text = type->format;
  if (!text || !*text) return (ArrowFormat){0};
  for (size_t i = 0; !text[1] && i < sizeof single / sizeof *single; i++)
    if (single[i].letter == *text) return (ArrowFormat){.kind = (ArrowKind)single[i].kind, .width = single[i].width};
  switch (*text) {
    case 'd': return decimal_format(text + 1);
    case 't': return moment_format(text + 1);
    case '+': return nested_format(text + 1);
    case 'w': return fixed_format(type);
    case 'v':
      if (text[1] == 'u' && !text[2]) return (ArrowFormat){.kind = ARROW_STRING_VIEW, .width = 16};
      if (text[1] == 'z' && !text[2]) return (ArrowFormat){.kind = ARROW_BINARY_VIEW, .width = 16};
      break;
    default: break;
  }
  return (ArrowFormat){0};
}

int64_t arrow_unit(char unit) { return unit == 's' ? 1 : unit == 'm' ? 1000 : unit == 'u' ? 1000000 : 1000000000; }

int arrow_zone_minutes(const char *zone) {
  if (*zone != '+' && *zone != '-') return 0;
  const char *at = zone + 1;
  int digits = 0, number = 0;
  for (; *at; at++) {
    if (*at == ':' && digits == 2) continue;
    if (*at < '0' || *at > '9' || ++digits > 4) return 0;
    number = number * 10 + (*at - '0');
  }
  if (digits == 2) number *= 100;
  int minutes = number / 100 * 60 + number % 100;
  if ((digits != 2 && digits != 4) || number % 100 > 59 || minutes > 18 * 60) return 0;
  return *zone == '-' ? -minutes : minutes;
}

const struct ArrowSchema *arrow_plain(const struct ArrowSchema *type) {
  for (;;) {
    if (type->dictionary) type = type->dictionary;
    else if (type->format && strcmp(type->format, "+r") == 0 && type->n_children == 2) type = type->children[1];
    else return type;
  }
}

/* --- Fields --- */

static DcCode fail_type(const struct ArrowSchema *type, DcError *err) {
  Buf text = {0};
  arrow_type_print(&text, type);
  dc_fail(err, "values of the type %.*s cannot be read", (int)text.len, text.data);
  buf_free(&text);
  return err->code;
}

/* Parts that a type of this kind has; -1: any number. */
static int64_t children_of(ArrowKind kind) {
  switch (kind) {
    case ARROW_LIST: case ARROW_LARGE_LIST: case ARROW_LIST_VIEW: case ARROW_LARGE_LIST_VIEW:
    case ARROW_FIXED_LIST: case ARROW_MAP:
      return 1;
    case ARROW_RUN_END: return 2;
    case ARROW_STRUCT: return -1;
    default: return 0;
  }
}

static bool is_sound(const ArrowField *field) {
  const struct ArrowSchema *type = field->type;
  int64_t wanted = children_of(field->format.kind);
  if (type->n_children < 0 || (type->n_children && !type->children) || (wanted >= 0 && type->n_children != wanted))
    return false;
  for (int64_t i = 0; i < type->n_children; i++)
    if (!type->children[i]) return false;
  return !type->dictionary || arrow_is_int(field->format.kind);
}

static DcCode make_field(Arena *arena, const struct ArrowSchema *type, ArrowField *out, int level, DcError *err) {
  *out = (ArrowField){.format = arrow_format(type), .type = type};
  ArrowKind kind = out->format.kind;
  if (level > MOST_LEVELS) return dc_fail(err, "a type has more than %d levels", (int)MOST_LEVELS);
  if (kind == ARROW_UNKNOWN || kind == ARROW_INTERVAL || kind == ARROW_UNION || !is_sound(out))
    return fail_type(type, err);
  if (kind == ARROW_TIMESTAMP) out->offset_minutes = arrow_zone_minutes(out->format.zone);
  if (type->n_children) out->children = arena_alloc(arena, (size_t)type->n_children * sizeof *out->children);
  for (int64_t i = 0; i < type->n_children; i++)
    DC_TRY(make_field(arena, type->children[i], &out->children[i], level + 1, err));
  if (type->dictionary) {
    out->dictionary = arena_alloc(arena, sizeof *out->dictionary);
    DC_TRY(make_field(arena, type->dictionary, out->dictionary, level + 1, err));
  }
  if (kind == ARROW_MAP && (out->children[0].format.kind != ARROW_STRUCT || type->children[0]->n_children != 2))
    return fail_type(type, err);
  if (kind == ARROW_RUN_END && (!arrow_is_int(out->children[0].format.kind) || out->children[0].dictionary))
    return fail_type(type, err);
  return DC_OK;
}

DcCode arrow_field(Arena *arena, const struct ArrowSchema *type, ArrowField *out, DcError *err) {
  return make_field(arena, type, out, 0, err);
}

DcCode arrow_readable(const struct ArrowSchema *type, DcError *err) {
  Arena arena = {0};
  ArrowField field;
  DcCode code = arrow_field(&arena, type, &field, err);
  arena_free(&arena);
  return code;
}
