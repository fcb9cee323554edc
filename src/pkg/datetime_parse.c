/* datetime_parse.c - text to fields, by a compiled pattern. Strict: widths, signs and trailing text as
 * java.time.format.DateTimeFormatter has them; only the case of letters in names does not matter.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "pkg/datetime.h"

typedef struct Reader {
  CallContext *cx;
  const Pattern *pattern;
  Str text;
  size_t at, farthest; /* bytes; where reading failed */
  size_t end;          /* of what may be read: a padded item is cut off */
  Parsed parsed;
} Reader;

/* false: the same field was there with another value. */
static bool set_field(Parsed *parsed, Field field, int64_t value) {
  if (parsed_has(parsed, field)) return parsed->values[field] == value;
  parsed->set |= 1u << field;
  parsed->values[field] = value;
  return true;
}

static bool digit_at(const Reader *reader, size_t at, int *digit) {
  *digit = at < reader->end ? reader->text.data[at] - '0' : -1;
  return *digit >= 0 && *digit <= 9;
}

/* The digits from `from` on, at most `most`; returns how many. */
static int read_digits(const Reader *reader, size_t from, int most, int64_t *value) {
  int count = 0, digit;
  *value = 0;
  for (; count < most && digit_at(reader, from + (size_t)count, &digit); count++)
    if (count < 18) *value = *value * 10 + digit;
    else return -1; /* no field is so large */
  return count;
}

static bool read_number(Reader *reader, const Item *item) {
  size_t start = reader->at;
  char sign = start < reader->end ? reader->text.data[start] : 0;
  bool negative = sign == '-', positive = sign == '+';
  if (positive && item->sign != SIGN_EXCEEDS) return false;
  if (negative && item->sign == SIGN_NEVER) return false;
  if (negative || positive) start++;
  int64_t value;
  int most = item->max + item->subsequent, count = read_digits(reader, start, most, &value);
  if (item->subsequent && count >= 0) {
    int keep = count - item->subsequent;
    count = read_digits(reader, start, keep > item->min ? keep : item->min, &value);
  }
  if (count < item->min || count < 0 || (negative && value == 0)) return false;
  if (item->sign == SIGN_EXCEEDS && !negative && positive != (count > item->min)) return false;
  if (item->kind == ITEM_REDUCED) value += 2000;
  reader->at = start + (size_t)count;
  return set_field(&reader->parsed, item->field, negative ? -value : value);
}

static bool read_fraction(Reader *reader, const Item *item) {
  int64_t value;
  int count = read_digits(reader, reader->at, item->max, &value);
  if (count != item->max) return false;
  for (int i = count; i < 9; i++) value *= 10;
  reader->at += (size_t)count;
  return set_field(&reader->parsed, item->field, value);
}

/* --- Names --- */

static bool starts_with_name(const Reader *reader, Str name) {
  if (!name.len || name.len > reader->end - reader->at) return false;
  Str head = str_make(reader->text.data + reader->at, name.len);
  if (str_eq_nocase(head, name)) return true;
  if (utf8_is_ascii(name) || utf8_is_ascii(head)) return false;
  return str_eq(utf8_lower(reader->cx->arena, head), utf8_lower(reader->cx->arena, name));
}

/* The longest name that stands here. A narrow name such as J, which may be three months, is none. */
static bool read_text(Reader *reader, const Item *item) {
  const Str *table = reader->pattern->names->tables[item->table];
  int best = -1;
  bool unclear = false;
  for (int i = 0; i < names_count(item->table); i++) {
    if (!starts_with_name(reader, table[i]) || (best >= 0 && table[i].len < table[best].len)) continue;
    unclear = best >= 0 && table[i].len == table[best].len && item->field != FIELD_PERIOD;
    if (best < 0 || table[i].len > table[best].len) best = i;
  }
  if (best < 0 || unclear) return false;
  reader->at += table[best].len;
  bool from_zero = item->field == FIELD_ERA || item->field == FIELD_AMPM || item->field == FIELD_PERIOD;
  return set_field(&reader->parsed, item->field, from_zero ? best : best + 1);
}

/* --- Offsets and zones --- */

static bool skip_text(Reader *reader, Str text) {
  if (!str_starts(str_make(reader->text.data + reader->at, reader->end - reader->at), text)) return false;
  reader->at += text.len;
  return true;
}

static bool set_offset(Reader *reader, int64_t offset) {
  if (offset > 18 * 3600 || offset < -18 * 3600) return false;
  if (reader->parsed.has_offset) return reader->parsed.offset == offset;
  reader->parsed.has_offset = true;
  reader->parsed.offset = (int)offset;
  return true;
}

static bool set_offset_parts(Reader *reader, char sign, int64_t hours, int64_t minutes, int64_t seconds) {
  if (minutes > 59 || seconds > 59) return false;
  int64_t offset = hours * 3600 + minutes * 60 + seconds;
  return set_offset(reader, sign == '-' ? -offset : offset);
}

/* Two digits, behind a colon if the shape has one; nothing is read when they are not there. */
static bool read_part(Reader *reader, bool colon, int64_t *value) {
  size_t at = reader->at;
  if (colon && (at >= reader->end || reader->text.data[at++] != ':')) return false;
  if (read_digits(reader, at, 2, value) != 2) {
    *value = 0;
    return false;
  }
  reader->at = at + 2;
  return true;
}

static bool read_offset(Reader *reader, const Item *item) {
  const OffsetShape *shape = &offset_shapes[item->min];
  if (str_is(item->literal, "Z") && skip_text(reader, item->literal)) return set_offset(reader, 0);
  char sign = reader->at < reader->end ? reader->text.data[reader->at] : 0;
  int64_t hours = 0, minutes = 0, seconds = 0;
  if (sign != '+' && sign != '-') return false;
  reader->at++;
  if (!read_part(reader, false, &hours)) return false;
  bool has_minutes = read_part(reader, shape->colon, &minutes);
  if (shape->minutes_always && !has_minutes) return false;
  if (has_minutes && shape->seconds) read_part(reader, shape->colon, &seconds);
  return set_offset_parts(reader, sign, hours, minutes, seconds);
}

static bool read_local_offset(Reader *reader, bool full) {
  int64_t hours, minutes = 0, seconds = 0;
  if (!skip_text(reader, str_of("GMT"))) return false;
  char sign = reader->at < reader->end ? reader->text.data[reader->at] : 0;
  if (sign != '+' && sign != '-') return set_offset(reader, 0);
  reader->at++;
  int count = read_digits(reader, reader->at, 2, &hours);
  if (count < 1 || (full && count < 2)) return false;
  reader->at += (size_t)count;
  bool has_minutes = read_part(reader, true, &minutes);
  if (full && !has_minutes) return false;
  if (has_minutes) read_part(reader, true, &seconds);
  return set_offset_parts(reader, sign, hours, minutes, seconds);
}

static bool is_zone_byte(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("_/+-:", c));
}

/* The longest zone id from here on; z also reads CET, PDT and the like as offsets. */
static DcCode read_zone(Reader *reader, bool abbreviations, bool *fits) {
  size_t len = 0;
  int offset;
  while (reader->at + len < reader->end && is_zone_byte(reader->text.data[reader->at + len])) len++;
  Str run = str_make(reader->text.data + reader->at, len);
  size_t short_len = abbreviations ? names_read_abbreviation(run, &offset) : 0;
  if (short_len && (short_len == len || !is_zone_byte(run.data[short_len]))) {
    reader->at += short_len;
    *fits = set_offset(reader, offset);
    return DC_OK;
  }
  *fits = false;
  for (; len > 0 && !*fits; len--) {
    Zone *zone;
    DC_TRY(zone_find(reader->cx, str_make(run.data, len), &zone));
    if (!zone) continue;
    reader->at += len;
    reader->parsed.zone = zone;
    reader->parsed.has_zone = *fits = true;
  }
  return DC_OK;
}

/* --- Items --- */

static DcCode read_item(Reader *reader, const Item *item, bool *fits) {
  switch (item->kind) {
    case ITEM_LITERAL: *fits = skip_text(reader, item->literal); break;
    case ITEM_NUMBER:
    case ITEM_REDUCED: *fits = read_number(reader, item); break;
    case ITEM_FRACTION: *fits = read_fraction(reader, item); break;
    case ITEM_TEXT: *fits = read_text(reader, item); break;
    case ITEM_OFFSET: *fits = read_offset(reader, item); break;
    case ITEM_LOCAL_OFFSET: *fits = read_local_offset(reader, item->table); break;
    case ITEM_ZONE_ID: return read_zone(reader, false, fits);
    case ITEM_ZONE_NAME: return read_zone(reader, true, fits);
    case ITEM_OPTIONAL: *fits = true; break;
  }
  return DC_OK;
}

/* A padded item takes exactly its width: blanks, then the item up to the end. */
static DcCode read_padded(Reader *reader, const Item *item, bool *fits) {
  Str rest = str_make(reader->text.data + reader->at, reader->end - reader->at);
  size_t width = utf8_offset(rest, (size_t)item->pad), start = reader->at, outer_end = reader->end;
  *fits = utf8_length(str_make(rest.data, width)) == (size_t)item->pad;
  if (!*fits) return DC_OK;
  reader->end = start + width;
  while (reader->at < reader->end && reader->text.data[reader->at] == ' ') reader->at++;
  DC_TRY(read_item(reader, item, fits));
  *fits = *fits && reader->at == reader->end;
  reader->end = outer_end;
  return DC_OK;
}

/* Items from `from` to before `to`. A failing optional part is left out, with what it has read. */
static DcCode read_items(Reader *reader, size_t from, size_t to, bool *fits) {
  *fits = true;
  for (size_t i = from; i < to && *fits; i++) {
    const Item *item = &reader->pattern->items[i];
    if (item->kind == ITEM_OPTIONAL) {
      size_t start = reader->at;
      Parsed before = reader->parsed;
      bool inside;
      DC_TRY(read_items(reader, i + 1, i + 1 + item->count, &inside));
      if (!inside) {
        reader->at = start;
        reader->parsed = before;
      }
      i += item->count;
      continue;
    }
    size_t start = reader->at;
    DC_TRY(item->pad ? read_padded(reader, item, fits) : read_item(reader, item, fits));
    if (!*fits && start > reader->farthest) reader->farthest = start;
  }
  return DC_OK;
}

static DcCode fail(Reader *reader, size_t at, const char *reason) {
  Str text = reader->text, pattern = reader->pattern->text;
  dc_fail(reader->cx->err, "DT_PARSE: cannot read '%.*s%s' by the pattern '%.*s'", text.len > 100 ? 100 : (int)text.len, text.data,
          text.len > 100 ? "…" : "", pattern.len > 200 ? 200 : (int)pattern.len, pattern.data);
  if (reason) dc_hint(reader->cx->err, "%s", reason);
  else if (at < text.len) dc_hint(reader->cx->err, "it does not fit from character %zu on", utf8_length(str_make(text.data, at)) + 1);
  else dc_hint(reader->cx->err, "the text ends too early");
  return reader->cx->err->code;
}

DcCode datetime_parse(CallContext *cx, const Pattern *pattern, Zone *zone, Str text, Moment *out) {
  Reader reader = {.cx = cx, .pattern = pattern, .text = text, .end = text.len};
  const char *reason;
  bool fits;
  DC_TRY(read_items(&reader, 0, pattern->count, &fits));
  if (!fits || reader.at < text.len) return fail(&reader, fits && reader.at > reader.farthest ? reader.at : reader.farthest, NULL);
  if (!datetime_resolve(&reader.parsed, pattern->names, zone, out, &reason)) return fail(&reader, 0, reason);
  return check_range(cx, "DT_PARSE", out->seconds);
}
