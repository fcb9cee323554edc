/* xml_path.c - reading and comparing paths of XML elements. */
#include "io/xml_path.h"

static DcCode wrong(Str text, const char *why, const char *hint, DcError *err) {
  dc_fail(err, "the XML path '%.*s' %s", STR_ARG(text), why);
  dc_hint(err, "%s", hint);
  return err->code;
}

static bool is_name_byte(char c) { return !memchr("/[]@*\"'()=<>& \t\r\n", c, 18); /* and no NUL */ }

static size_t name_length(const char *p, const char *end) {
  const char *from = p;
  while (p < end && is_name_byte(*p)) p++;
  return (size_t)(p - from);
}

/* "[12]" at p; gives what follows, NULL if it is no such number. */
static const char *read_number(const char *p, const char *end, uint32_t *out) {
  uint64_t number = 0;
  const char *digits = ++p;
  while (p < end && *p >= '0' && *p <= '9' && number < UINT32_MAX) number = number * 10 + (uint64_t)(*p++ - '0');
  if (p == digits || p == end || *p != ']' || !number || number > UINT32_MAX) return NULL;
  *out = (uint32_t)number;
  return p + 1;
}

static const char STEPS_HINT[] = "names with / between them, * for any name, @name for an attribute at the end";

static DcCode read_steps(Str text, Arena *arena, XmlPath *out, DcError *err) {
  const char *p = text.data, *end = text.data + text.len;
  *out = (XmlPath){.steps = arena_alloc(arena, (text.len / 2 + 2) * sizeof *out->steps)};
  bool slash = p < end && *p == '/';
  p += slash;
  for (;;) {
    XmlStep *step = &out->steps[out->count];
    *step = (XmlStep){.anywhere = slash && p < end && *p == '/'};
    p += step->anywhere;
    out->attribute = p < end && *p == '@';
    p += out->attribute;
    size_t len = name_length(p, end);
    bool any = !len && p < end && *p == '*';
    if (!len && !any) return wrong(text, "lacks a name", STEPS_HINT, err);
    Str name = any ? (Str){NULL, 0} : arena_str(arena, str_make(p, len));
    p += any ? 1 : len;
    if (out->attribute) {
      if (p < end || step->anywhere || any) return wrong(text, "has more than a name behind or before its @", STEPS_HINT, err);
      out->name = name;
      return DC_OK;
    }
    step->name = name;
    out->count++;
    if (p < end && *p == '[' && !(p = read_number(p, end, &step->number))) return wrong(text, "has no number from 1 in its []", "author[2] is the second author", err);
    if (p == end) return DC_OK;
    if (*p++ != '/') return wrong(text, "has something else than / behind a name", STEPS_HINT, err);
    slash = true;
  }
}

DcCode xml_row_path(Str text, Arena *arena, XmlPath *out, DcError *err) {
  DC_TRY(read_steps(text, arena, out, err));
  if (out->attribute) return wrong(text, "leads to an attribute, and rows are elements", "@row = 'catalog/book'", err);
  for (size_t i = 0; i < out->count; i++)
    if (out->steps[i].number) return wrong(text, "has a number, which only paths of columns may have", "@row = 'catalog/book'", err);
  return DC_OK;
}

DcCode xml_column_path(Str text, Arena *arena, XmlPath *out, DcError *err) {
  static const char hint[] = "columns are paths below the row's element: \"title\", \"author/name\", \"author[2]\", \"@id\", \".\"";
  *out = (XmlPath){0};
  if (str_is(text, ".")) return DC_OK;
  if (str_starts(text, (Str){"./", 2})) text = str_make(text.data + 2, text.len - 2);
  if (str_starts(text, (Str){"/", 1})) return wrong(text, "begins with /", hint, err);
  DC_TRY(read_steps(text, arena, out, err));
  for (size_t i = 0; i < out->count; i++)
    if (out->steps[i].anywhere) return wrong(text, "has //, which only @row may have", hint, err);
  return DC_OK;
}

bool xml_name_matches(Str wanted, const char *name) {
  if (!wanted.data || str_is(wanted, name)) return true;
  const char *colon = strchr(name, ':');
  return colon && !memchr(wanted.data, ':', wanted.len) && str_is(wanted, colon + 1);
}

/* From the last step back: what is "anywhere" takes the innermost element that fits, and those further out when that fails. */
static bool matches(const XmlStep *steps, size_t count, const char *const *names, size_t depth) {
  while (count) {
    const XmlStep *step = &steps[count - 1];
    if (!depth || !xml_name_matches(step->name, names[depth - 1])) return false;
    count--;
    depth--;
    if (!step->anywhere) continue;
    if (!count) return true;
    for (; depth; depth--)
      if (matches(steps, count, names, depth)) return true;
    return false;
  }
  return depth == 0;
}

bool xml_path_leads_to(const XmlPath *path, const char *const *names, size_t depth) { return matches(path->steps, path->count, names, depth); }
