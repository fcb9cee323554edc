/* pattern.c - LIKE, MATCH, SEARCH: SQL patterns and regular expressions. */
#include "base/regex.h"
#include "base/utf8.h"
#include "pkg/operators.h"

/* % is any text, _ any character. Linear but for a step back to the last %. */
static bool sql_like(Str text, Str pattern) {
  const char *t = text.data, *t_end = t + text.len, *p = pattern.data, *p_end = p + pattern.len;
  const char *after_percent = NULL, *retry = NULL;
  uint32_t code;
  while (t < t_end) {
    if (p < p_end && *p == '%') {
      after_percent = ++p;
      retry = t;
    } else if (p < p_end && *p == '_') {
      p++;
      t += utf8_decode(t, t_end, &code);
    } else if (p < p_end && *p == *t) {
      p++;
      t++;
    } else if (after_percent) {
      p = after_percent;
      retry += utf8_decode(retry, t_end, &code);
      t = retry;
    } else {
      return false;
    }
  }
  while (p < p_end && *p == '%') p++;
  return p == p_end;
}

static bool is_sql_pattern(Str pattern) {
  bool wild = false;
  for (size_t i = 0; i < pattern.len; i++) {
    char c = pattern.data[i];
    if (c && strchr(".*+?[](){}|^$\\", c)) return false;
    wild |= c == '%' || c == '_';
  }
  return wild;
}

/* /regex/flags. 1: it is, 0: it does not look so, -1: an unknown flag, -2: no second slash. */
static int split_slashes(Str pattern, Str *regex, unsigned *flags) {
  if (pattern.len == 0 || pattern.data[0] != '/') return 0;
  size_t last = pattern.len - 1;
  while (pattern.data[last] != '/') last--;
  if (last == 0) return -2;
  *flags = 0;
  for (size_t i = last + 1; i < pattern.len; i++) {
    switch (pattern.data[i]) {
      case 'i': *flags |= REGEX_IGNORE_CASE; break;
      case 's': *flags |= REGEX_DOT_ALL; break;
      case 'm': *flags |= REGEX_MULTILINE; break;
      case 'x': *flags |= REGEX_EXTENDED; break;
      default: return -1;
    }
  }
  *regex = str_make(pattern.data + 1, last - 1);
  return 1;
}

static DcCode regex_test(CallContext *cx, Str text, Str pattern, int form, Str regex, unsigned flags, Value *result) {
  if (form == -1) return dc_fail(cx->err, "pattern '%.*s': flags behind the last / can be i, s, m and x", STR_ARG(pattern));
  if (form == -2) return dc_fail(cx->err, "pattern '%.*s' starts with / but has no second /", STR_ARG(pattern));
  Regex *compiled;
  bool found;
  DC_TRY(regex_get(&cx->regexes, regex, flags, &compiled, cx->err));
  DC_TRY(regex_match(compiled, text, 0, &found, cx->err));
  *result = value_bool(found);
  return DC_OK;
}

static DcCode test(CallContext *cx, const Value *args, bool like, unsigned extent, Value *result) {
  Str text = value_to_str(cx->arena, args[0]), pattern = value_to_str(cx->arena, args[1]), regex = pattern;
  unsigned flags = REGEX_MULTILINE;
  int form = split_slashes(pattern, &regex, &flags);
  if (form <= 0 && like && is_sql_pattern(pattern)) {
    *result = value_bool(sql_like(text, pattern));
    return DC_OK;
  }
  return regex_test(cx, text, pattern, form, regex, flags | extent, result);
}

static DcCode negate(DcCode code, Value *result) {
  if (code == DC_OK) result->as.b = !result->as.b;
  return code;
}

DcCode op_like(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  return test(cx, args, true, REGEX_FULL, result);
}
DcCode op_not_like(CallContext *cx, const Value *args, int count, Value *result) { return negate(op_like(cx, args, count, result), result); }

DcCode op_match(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  return test(cx, args, false, REGEX_FULL, result);
}
DcCode op_not_match(CallContext *cx, const Value *args, int count, Value *result) { return negate(op_match(cx, args, count, result), result); }

DcCode op_search(CallContext *cx, const Value *args, int count, Value *result) {
  (void)count;
  return test(cx, args, false, 0, result);
}
DcCode op_not_search(CallContext *cx, const Value *args, int count, Value *result) { return negate(op_search(cx, args, count, result), result); }
