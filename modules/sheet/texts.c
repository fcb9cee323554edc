/* texts.c - the texts that cells share, and text of several runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet.h"

/* The number that _xHHHH_ at p stands for; -1: that is not there. */
static int escaped(const char *p, const char *end) {
  int code = 0;
  if (end - p < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_') return -1;
  for (int i = 2; i < 6; i++) {
    const char *digits = "0123456789abcdefABCDEF", *found = strchr(digits, p[i]);
    if (!found || !p[i]) return -1;
    int digit = (int)(found - digits);
    code = code * 16 + (digit > 15 ? digit - 6 : digit);
  }
  return code >= 0xD800 && code < 0xE000 ? -1 : code;
}

void unescape_text(Bytes *text, size_t from) {
  char *data = (char *)text->data, *out = data ? data + from : NULL;
  const char *p = out, *end = data ? data + text->len : NULL;
  if (!out || !memchr(p, '_', (size_t)(end - p))) return;
  while (p < end) {
    int code = escaped(p, end);
    if (code < 0) {
      *out++ = *p++;
      continue;
    }
    p += 7;
    if (code < 0x80) {
      *out++ = (char)code;
    } else if (code < 0x800) {
      *out++ = (char)(0xC0 | code >> 6);
      *out++ = (char)(0x80 | (code & 0x3F));
    } else {
      *out++ = (char)(0xE0 | code >> 12);
      *out++ = (char)(0x80 | (code >> 6 & 0x3F));
      *out++ = (char)(0x80 | (code & 0x3F));
    }
  }
  text->len = (size_t)(out - data);
}

typedef struct Reading {
  Xml xml;
  Texts *texts;
  uint64_t memory;
  bool in_text;
  int phonetic; /* inside of so many elements of readings, which are no part of the text */
  size_t from;  /* where this text begins */
} Reading;

static void XMLCALL on_start(void *self, const XML_Char *name, const XML_Char **attributes) {
  Reading *reading = self;
  const char *local = local_name(name);
  (void)attributes;
  if (strcmp(local, "si") == 0) reading->from = reading->texts->chars.len;
  else if (strcmp(local, "rPh") == 0) reading->phonetic++;
  else if (strcmp(local, "t") == 0) reading->in_text = !reading->phonetic;
}

static void end_text(Reading *reading) {
  Texts *texts = reading->texts;
  unescape_text(&texts->chars, reading->from);
  size_t *ends = module_room(texts->ends, texts->count, &texts->cap, sizeof *ends, (size_t)(reading->memory / sizeof *ends));
  if (!ends) {
    xml_fail(&reading->xml, "its texts need more than the memory");
    return;
  }
  texts->ends = ends;
  ends[texts->count++] = texts->chars.len;
}

static void XMLCALL on_end(void *self, const XML_Char *name) {
  Reading *reading = self;
  const char *local = local_name(name);
  if (reading->xml.failed) return;
  if (strcmp(local, "si") == 0) end_text(reading);
  else if (strcmp(local, "rPh") == 0) reading->phonetic--;
  else if (strcmp(local, "t") == 0) reading->in_text = false;
}

static void XMLCALL on_text(void *self, const XML_Char *data, int len) {
  Reading *reading = self;
  if (!reading->in_text || reading->xml.failed) return;
  Bytes *chars = &reading->texts->chars;
  if (chars->len + (size_t)len <= reading->memory) xml_text(&reading->xml, chars, data, len);
  else xml_fail(&reading->xml, "its texts need more than the memory");
}

int texts_read(const Package *package, const char *part, uint64_t memory, Texts *out, SheetError *error) {
  Reading reading = {.texts = out, .memory = memory};
  return xml_read(&reading.xml, package, part, on_start, on_end, on_text, &reading, error);
}
