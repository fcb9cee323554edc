/* package.c - parts of a package (ECMA-376, part 2): entries of a zip archive by libarchive, and their XML by expat. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sheet.h"

struct Part {
  struct archive *archive;
  const char *name;
};

int sheet_no_memory(SheetError *error) { return MODULE_FAIL(error, "no memory left to read it"); }

static int archive_fail(struct archive *archive, const char *name, SheetError *error) {
  const char *why = archive_error_string(archive);
  return MODULE_FAIL(error, "its part %s cannot be read: %s", name, why ? why : "the archive is damaged");
}

static int find_entry(struct archive *archive, const char *name, SheetError *error) {
  struct archive_entry *entry;
  for (;;) {
    int status = archive_read_next_header(archive, &entry);
    if (status == ARCHIVE_EOF) return 0;
    if (status != ARCHIVE_OK) return archive_fail(archive, "list", error);
    const char *path = archive_entry_pathname(entry);
    if (!path) continue;
    while (*path == '/') path++;
    if (strcasecmp(path, name) != 0) continue;
    if (!archive_entry_is_encrypted(entry)) return 1;
    MODULE_FAIL(error, "its part %s is encrypted", name);
    MODULE_HINT(error, "save it without a password");
    return -1;
  }
}

int part_open(const Package *package, const char *name, Part **out, SheetError *error) {
  while (*name == '/') name++;
  struct archive *archive = archive_read_new();
  Part *part = calloc(1, sizeof *part);
  *out = NULL;
  if (!archive || !part) {
    if (archive) archive_read_free(archive);
    free(part);
    return sheet_no_memory(error);
  }
  *part = (Part){archive, name};
  archive_read_support_format_zip_seekable(archive);
  int status;
  if (archive_read_open_memory(archive, package->data, package->size) != ARCHIVE_OK) {
    const unsigned char *bytes = package->data;
    bool old = package->size >= 8 && memcmp(bytes, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0;
    status = MODULE_FAIL(error, "%s", old ? "it is encrypted, or an .xls file" : "it is no .xlsx file, or cut short");
    MODULE_HINT(error, "%s", old ? "save it as .xlsx without a password" : "xlsx reads workbooks as Excel 2007 and later write them");
  } else {
    status = find_entry(archive, name, error);
  }
  if (status == 1) *out = part;
  else part_close(part);
  return status;
}

int part_read(Part *part, void *data, size_t size, size_t *got, SheetError *error) {
  la_ssize_t count = archive_read_data(part->archive, data, size);
  if (count < 0) return archive_fail(part->archive, part->name, error);
  *got = (size_t)count;
  return 0;
}

void part_close(Part *part) {
  if (!part) return;
  archive_read_free(part->archive);
  free(part);
}

/* --- XML --- */

int xml_open(Xml *xml, const Package *package, const char *part, XML_StartElementHandler start, XML_EndElementHandler end, XML_CharacterDataHandler text,
             void *self, SheetError *error) {
  *xml = (Xml){.name = part, .error = error};
  int status = part_open(package, part, &xml->part, error);
  if (status != 1) return status;
  xml->expat = XML_ParserCreate(NULL);
  if (!xml->expat) {
    xml_close(xml);
    return sheet_no_memory(error);
  }
  XML_SetUserData(xml->expat, self);
  XML_SetElementHandler(xml->expat, start, end);
  XML_SetCharacterDataHandler(xml->expat, text);
  return 1;
}

int xml_next(Xml *xml, SheetError *error) {
  enum { PIECE = 64 << 10 };
  size_t got = 0;
  void *piece = XML_GetBuffer(xml->expat, PIECE);
  xml->error = error;
  if (!piece) return sheet_no_memory(error);
  if (part_read(xml->part, piece, PIECE, &got, error) < 0) return -1;
  enum XML_Status status = XML_ParseBuffer(xml->expat, (int)got, got == 0);
  if (xml->failed) return -1;
  if (xml->stopped) return 0;
  if (status != XML_STATUS_OK)
    return MODULE_FAIL(error, "its part %s, line %lu, column %lu: %s", xml->name, (unsigned long)XML_GetCurrentLineNumber(xml->expat),
                      (unsigned long)XML_GetCurrentColumnNumber(xml->expat) + 1, XML_ErrorString(XML_GetErrorCode(xml->expat)));
  return got != 0;
}

void xml_close(Xml *xml) {
  if (xml->expat) XML_ParserFree(xml->expat);
  part_close(xml->part);
  xml->expat = NULL;
  xml->part = NULL;
}

int xml_read(Xml *xml, const Package *package, const char *part, XML_StartElementHandler start, XML_EndElementHandler end, XML_CharacterDataHandler text,
             void *self, SheetError *error) {
  int status = xml_open(xml, package, part, start, end, text, self, error);
  if (status != 1) return status;
  while (status == 1) status = xml_next(xml, error);
  xml_close(xml);
  return status < 0 ? -1 : 1;
}

void xml_fail(Xml *xml, const char *what) {
  if (!xml->failed)
    MODULE_FAIL(xml->error, "its part %s, line %lu: %s", xml->name, (unsigned long)XML_GetCurrentLineNumber(xml->expat), what);
  xml->failed = true;
  XML_StopParser(xml->expat, XML_FALSE);
}

void xml_text(Xml *xml, Bytes *to, const char *data, int len) {
  bytes_put(to, data, (size_t)len);
  if (to->failed) xml_fail(xml, "no memory left to read it");
}

void xml_stop(Xml *xml) {
  xml->stopped = true;
  XML_StopParser(xml->expat, XML_FALSE);
}

const char *local_name(const char *name) {
  const char *colon = strchr(name, ':');
  return colon ? colon + 1 : name;
}

const char *attribute(const XML_Char **list, const char *name, bool prefixed) {
  for (; *list; list += 2) {
    const char *local = local_name(list[0]);
    if ((local != list[0]) == prefixed && strcmp(local, name) == 0) return list[1];
  }
  return NULL;
}

bool attribute_true(const XML_Char **list, const char *name) {
  const char *text = attribute(list, name, false);
  return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}
