/* style.c - which number formats show a number as a date or a time (ECMA-376, part 1: 18.8.30 numFmt). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sheet.h"

/* What the letters of a format have told so far. */
typedef struct Letters {
  bool day, time, month, elapsed; /* month: an m, which is one of minutes beside hours or seconds */
} Letters;

/* "[h]", "[mm]", "[Red]", "[$-409]" at p; gives what follows. */
static const char *brackets(const char *p, const char *end, Letters *letters) {
  const char *close = memchr(p, ']', (size_t)(end - p));
  if (!close) return end;
  char first = (char)tolower((unsigned char)p[1]);
  bool same = close > p + 1 && strchr("hms", first);
  for (const char *q = p + 1; q < close; q++) same = same && tolower((unsigned char)*q) == first;
  letters->elapsed = letters->elapsed || same;
  return close + 1;
}

SheetLook look_of_format(const char *format, size_t len) {
  Letters letters = {0};
  const char *p = format, *end = format + len;
  if (len == 7 && strncasecmp(format, "General", 7) == 0) return LOOK_NUMBER;
  while (p < end && *p != ';') {
    char c = (char)tolower((unsigned char)*p);
    if (c == '"') {
      const char *close = memchr(p + 1, '"', (size_t)(end - p - 1));
      p = close ? close + 1 : end;
      continue;
    }
    if (c == '[') {
      p = brackets(p, end, &letters);
      continue;
    }
    if (end - p >= 3 && strncasecmp(p, "a/p", 3) == 0) letters.time = true;
    if (c == '\\' || c == '_' || c == '*') p++;
    else if (c == 'y' || c == 'd') letters.day = true;
    else if (c == 'h' || c == 's') letters.time = true;
    else if (c == 'm') letters.month = true;
    p++;
  }
  if (letters.elapsed) return letters.day ? LOOK_BOTH : LOOK_ELAPSED;
  if (letters.month && !letters.time) letters.day = true;
  return letters.day ? letters.time ? LOOK_BOTH : LOOK_DATE : letters.time ? LOOK_TIME : LOOK_NUMBER;
}

/* Formats that files use without saying them, in all languages of Excel. */
static SheetLook look_of_known(int id) {
  if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) || id == 57 || id == 58) return LOOK_DATE;
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id == 45 || id == 47 || id == 55 || id == 56) return LOOK_TIME;
  if (id == 22) return LOOK_BOTH;
  return id == 46 ? LOOK_ELAPSED : LOOK_NUMBER;
}

typedef struct Reading {
  Xml xml;
  Styles *styles;
  bool in_cells;
} Reading;

static SheetLook look_of(const Styles *styles, int id) {
  for (size_t i = 0; i < styles->format_count; i++)
    if (styles->formats[i].id == id) return styles->formats[i].look;
  return look_of_known(id);
}

static void add_format(Reading *reading, int id, const char *code) {
  Styles *styles = reading->styles;
  void *formats = module_room(styles->formats, styles->format_count, &styles->format_cap, sizeof *styles->formats, 65536);
  if (!formats) {
    xml_fail(&reading->xml, "too many number formats");
    return;
  }
  styles->formats = formats;
  styles->formats[styles->format_count].id = id;
  styles->formats[styles->format_count++].look = look_of_format(code, strlen(code));
}

static void add_style(Reading *reading, int id) {
  Styles *styles = reading->styles;
  uint8_t *looks = module_room(styles->looks, styles->count, &styles->cap, 1, 1 << 20);
  if (!looks) {
    xml_fail(&reading->xml, "too many styles");
    return;
  }
  styles->looks = looks;
  styles->looks[styles->count++] = (uint8_t)look_of(styles, id);
}

static void XMLCALL on_start(void *self, const XML_Char *name, const XML_Char **attributes) {
  Reading *reading = self;
  const char *local = local_name(name);
  const char *id = attribute(attributes, "numFmtId", false), *code = attribute(attributes, "formatCode", false);
  if (strcmp(local, "cellXfs") == 0) reading->in_cells = true;
  else if (strcmp(local, "numFmt") == 0 && id && code && !reading->in_cells) add_format(reading, atoi(id), code);
  else if (strcmp(local, "xf") == 0 && reading->in_cells) add_style(reading, id ? atoi(id) : 0);
}

static void XMLCALL on_end(void *self, const XML_Char *name) {
  if (strcmp(local_name(name), "cellXfs") == 0) ((Reading *)self)->in_cells = false;
}

int styles_read(const Package *package, const char *part, Styles *out, SheetError *error) {
  Reading reading = {.styles = out};
  return xml_read(&reading.xml, package, part, on_start, on_end, NULL, &reading, error);
}
