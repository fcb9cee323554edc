/* xml.c - the module dcetl-xml.so: XML by the library expat, other encodings than its own by iconv. */
#include <expat.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"
#include "io/xml_module.h"

struct XmlParser {
  XML_Parser expat;
  XmlEvents events;
  char reason[300]; /* what we found ourselves; else expat tells */
};

static void XMLCALL on_start(void *self, const XML_Char *name, const XML_Char **attributes) {
  XmlParser *parser = self;
  parser->events.start(parser->events.self, name, attributes);
}

static void XMLCALL on_end(void *self, const XML_Char *name) {
  XmlParser *parser = self;
  parser->events.end(parser->events.self, name);
}

static void XMLCALL on_text(void *self, const XML_Char *data, int len) {
  XmlParser *parser = self;
  parser->events.text(parser->events.self, data, (size_t)len);
}

/* --- What lies outside of the text --- */

static void refuse(XmlParser *parser, const char *name) {
  if (!parser->reason[0])
    snprintf(parser->reason, sizeof parser->reason, "the entity &%.200s; lies outside of the file, where nothing is read", name);
}

static int XMLCALL on_external(XML_Parser expat, const XML_Char *context, const XML_Char *base, const XML_Char *system, const XML_Char *public) {
  (void)base;
  (void)system;
  (void)public;
  refuse(XML_GetUserData(expat), context ? context : "?");
  return XML_STATUS_ERROR;
}

static void XMLCALL on_skipped(void *self, const XML_Char *name, int is_parameter) {
  XmlParser *parser = self;
  if (is_parameter) return; /* declares no text itself; an entity that is missing because of it comes here by its own name */
  refuse(parser, name);
  XML_StopParser(parser->expat, XML_FALSE);
}

/* --- Encodings --- */

/* The one character that len bytes are: -1: none, -2: they are the beginning of one. */
static int convert(iconv_t converter, const char *bytes, size_t len) {
  unsigned char out[8];
  char *in = (char *)bytes, *to = (char *)out;
  size_t left = len, room = sizeof out;
  iconv(converter, NULL, NULL, NULL, NULL);
  size_t status = iconv(converter, &in, &left, &to, &room);
  if (status == (size_t)-1 && left && to == (char *)out && in == bytes) {
    iconv(converter, NULL, NULL, NULL, NULL);
    return len < 4 ? -2 : -1;
  }
  if (status != 0 || left || sizeof out - room != 4) return -1;
  return (int)((unsigned)out[0] << 24 | (unsigned)out[1] << 16 | (unsigned)out[2] << 8 | out[3]);
}

/* How many bytes a character has that begins with this one: expat wants to know it from the first; 0: none does. */
static int length_by_first(iconv_t converter, int first) {
  char bytes[3] = {(char)first};
  for (int second = 0x30; second < 0xff; second++) {
    bytes[1] = (char)second;
    if (convert(converter, bytes, 2) >= 0) return 2;
  }
  for (int second = 0xa1; second < 0xff; second++)
    for (int third = 0xa1; third < 0xff; third++) {
      bytes[1] = (char)second;
      bytes[2] = (char)third;
      if (convert(converter, bytes, 3) >= 0) return 3;
    }
  return 0;
}

static int XMLCALL convert_several(void *self, const char *bytes) {
  iconv_t *converter = self;
  for (size_t len = 2; len <= 3; len++) {
    int found = convert(*converter, bytes, len);
    if (found >= 0) return found;
  }
  return -1;
}

static void XMLCALL release_converter(void *self) {
  iconv_close(*(iconv_t *)self);
  free(self);
}

static int XMLCALL on_encoding(void *self, const XML_Char *name, XML_Encoding *out) {
  XmlParser *parser = self;
  iconv_t *converter = malloc(sizeof *converter);
  if (!converter) return XML_STATUS_ERROR;
  *converter = iconv_open("UTF-32BE", name);
  if (*converter == (iconv_t)-1) {
    free(converter);
    snprintf(parser->reason, sizeof parser->reason, "its encoding '%.100s' is not known", name);
    return XML_STATUS_ERROR;
  }
  for (int first = 0; first < 256; first++) {
    char byte = (char)first;
    int found = convert(*converter, &byte, 1);
    int len = found == -2 && first >= 0x80 ? length_by_first(*converter, first) : 0;
    out->map[first] = found >= 0 ? found : len ? -len : -1;
  }
  out->data = converter;
  out->convert = convert_several;
  out->release = release_converter;
  return XML_STATUS_OK;
}

/* --- The interface --- */

static XmlParser *create(const XmlEvents *events, const char *encoding) {
  XmlParser *parser = calloc(1, sizeof *parser);
  XML_Parser expat = parser ? XML_ParserCreate(encoding) : NULL;
  if (!expat) {
    free(parser);
    return NULL;
  }
  parser->expat = expat;
  parser->events = *events;
  XML_SetUserData(expat, parser);
  XML_SetElementHandler(expat, on_start, on_end);
  XML_SetCharacterDataHandler(expat, on_text);
  XML_SetExternalEntityRefHandler(expat, on_external);
  XML_SetSkippedEntityHandler(expat, on_skipped);
  XML_SetUnknownEncodingHandler(expat, on_encoding, parser);
  return parser;
}

static bool parse(XmlParser *parser, const char *data, size_t size, bool last) {
  enum { MOST = 1 << 30 }; /* expat counts in int */
  while (size > MOST) {
    if (XML_Parse(parser->expat, data, MOST, XML_FALSE) != XML_STATUS_OK) return false;
    data += MOST;
    size -= MOST;
  }
  return XML_Parse(parser->expat, data, (int)size, last) == XML_STATUS_OK;
}

static void stop(XmlParser *parser) { XML_StopParser(parser->expat, XML_FALSE); }

static const char *where(const XmlParser *parser, uint64_t *line, uint64_t *column) {
  *line = XML_GetCurrentLineNumber(parser->expat);
  *column = XML_GetCurrentColumnNumber(parser->expat) + 1;
  if (parser->reason[0]) return parser->reason;
  enum XML_Error code = XML_GetErrorCode(parser->expat);
  return code == XML_ERROR_NONE ? "" : XML_ErrorString(code);
}

static uint64_t position(const XmlParser *parser) {
  XML_Index index = XML_GetCurrentByteIndex(parser->expat);
  return index < 0 ? 0 : (uint64_t)index;
}

static void free_parser(XmlParser *parser) {
  if (!parser) return;
  XML_ParserFree(parser->expat);
  free(parser);
}

extern const XmlModule dcetl_xml_module;
MODULE_EXPORT const XmlModule dcetl_xml_module = {XML_MODULE_VERSION, create, parse, stop, where, position, free_parser};
