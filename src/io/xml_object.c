/* xml_object.c - elements of XML as values. */
#include "io/xml_object.h"

#include <stdlib.h>

struct XmlLevel {
  Str name;
  size_t first; /* member */
  size_t text;  /* where its text begins */
  bool has_elements;
};

bool xml_is_blank(const char *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (!memchr(" \t\r\n", text[i], 4)) return false;
  return true;
}

static void drop_blank_run(XmlObject *object) {
  if (xml_is_blank(object->text.data + object->run, object->text.len - object->run)) object->text.len = object->run;
}

static void add_member(XmlObject *object, Str name, Value value) {
  VEC_GROW(object->members, object->member_count, object->member_cap);
  object->members[object->member_count++] = (XmlMember){name, value};
}

static Value text_value(XmlObject *object, const char *data, size_t len) {
  return value_str(str_make(arena_copy(&object->arena, data, len), len));
}

static bool declares_namespace(const char *name) { return strncmp(name, "xmlns", 5) == 0 && (!name[5] || name[5] == ':'); }

void xml_object_start(XmlObject *object, const char *name, const char *const *attributes) {
  if (object->depth) {
    drop_blank_run(object);
    object->levels[object->depth - 1].has_elements = true;
  }
  VEC_GROW(object->levels, object->depth, object->level_cap);
  object->levels[object->depth++] = (XmlLevel){arena_str(&object->arena, str_of(name)), object->member_count, object->text.len, false};
  object->run = object->text.len;
  for (; *attributes; attributes += 2)
    if (!declares_namespace(attributes[0]))
      add_member(object, arena_printf(&object->arena, "@%s", attributes[0]), text_value(object, attributes[1], strlen(attributes[1])));
}

void xml_object_text(XmlObject *object, const char *data, size_t len) { buf_put(&object->text, data, len); }

/* --- Members of the same name --- */

typedef struct Place {
  const XmlMember *members;
  size_t at;    /* of the member */
  size_t first; /* of the first member of this name */
} Place;

static int by_name(const void *a, const void *b) {
  const Place *x = a, *y = b;
  int order = str_compare(x->members[x->at].name, y->members[y->at].name);
  return order ? order : (x->at > y->at) - (x->at < y->at);
}

static int by_first(const void *a, const void *b) {
  const Place *x = a, *y = b;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  return (x->at > y->at) - (x->at < y->at);
}

/* Members in order of their first ones, those of one name beside each other. */
static Place *places(const XmlMember *members, size_t count, bool *repeated) {
  Place *list = dc_alloc((count + 1) * sizeof *list);
  for (size_t i = 0; i < count; i++) list[i] = (Place){members, i, i};
  qsort(list, count, sizeof *list, by_name);
  *repeated = false;
  for (size_t i = 1; i < count; i++)
    if (str_eq(members[list[i].at].name, members[list[i - 1].at].name)) {
      list[i].first = list[i - 1].first;
      *repeated = true;
    }
  qsort(list, count, sizeof *list, by_first);
  return list;
}

static Value object_of(Arena *arena, const XmlMember *members, size_t count) {
  Str *names = arena_raw(arena, (count + 1) * sizeof *names);
  Value *values = arena_raw(arena, (count + 1) * sizeof *values);
  bool repeated;
  Place *list = places(members, count, &repeated);
  size_t made = 0;
  for (size_t i = 0, end; i < count; i = end) {
    for (end = i + 1; end < count && list[end].first == list[i].first;) end++;
    names[made] = members[list[i].at].name;
    values[made] = members[list[i].at].value;
    if (end - i > 1) {
      Value *items = arena_raw(arena, (end - i) * sizeof *items);
      for (size_t k = i; k < end; k++) items[k - i] = members[list[k].at].value;
      values[made] = value_array(arena, items, end - i);
    }
    made++;
  }
  dc_free(list);
  return value_object(arena, names, values, made);
}

bool xml_object_end(XmlObject *object, Value *out) {
  XmlLevel level = object->levels[object->depth - 1];
  if (level.has_elements) drop_blank_run(object);
  Value text = text_value(object, object->text.data + level.text, object->text.len - level.text);
  bool outermost = object->depth == 1, plain = object->member_count == level.first;
  if (text.len && (!plain || outermost)) add_member(object, (Str){"#text", 5}, text);
  *out = plain && !outermost ? text : object_of(&object->arena, object->members + level.first, object->member_count - level.first);
  object->depth--;
  object->member_count = level.first;
  object->text.len = object->run = level.text;
  if (!outermost) add_member(object, level.name, *out);
  return outermost;
}

void xml_object_clear(XmlObject *object) {
  object->depth = object->member_count = object->text.len = object->run = 0;
  arena_reset(&object->arena);
}

void xml_object_free(XmlObject *object) {
  arena_free(&object->arena);
  dc_free(object->members);
  dc_free(object->levels);
  buf_free(&object->text);
}
