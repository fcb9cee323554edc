/* xml.c - answers in XML as a tree, by expat. They are small: a page of a listing, an error. */
#include <expat.h>

#include "net.h"

enum { MOST_DEPTH = 30 };

typedef struct Reader {
  XML_Parser parser;
  XmlNode *path[MOST_DEPTH]; /* that are open */
  size_t depth;
  XmlNode *root;
  bool failed;
} Reader;

void xml_free(XmlNode *node) {
  while (node) {
    XmlNode *next = node->next;
    xml_free(node->first);
    free(node->name);
    bytes_free(&node->text);
    free(node);
    node = next;
  }
}

static void XMLCALL on_start(void *self, const XML_Char *name, const XML_Char **attributes) {
  (void)attributes;
  Reader *reader = self;
  const char *colon = strchr(name, ':');
  XmlNode *node = calloc(1, sizeof *node);
  if (node) node->name = strdup(colon ? colon + 1 : name);
  if (!node || !node->name || reader->depth == MOST_DEPTH) {
    if (node) free(node->name);
    free(node);
    reader->failed = true;
  }
  if (reader->failed) {
    XML_StopParser(reader->parser, XML_FALSE); /* the end of an empty element is still told */
    return;
  }
  XmlNode *parent = reader->depth ? reader->path[reader->depth - 1] : NULL;
  if (!parent)
    reader->root = node;
  else if (parent->last)
    parent->last->next = node;
  else
    parent->first = node;
  if (parent) parent->last = node;
  reader->path[reader->depth++] = node;
}

static void XMLCALL on_end(void *self, const XML_Char *name) {
  (void)name;
  Reader *reader = self;
  if (!reader->failed) reader->depth--;
}

static void XMLCALL on_text(void *self, const XML_Char *data, int len) {
  Reader *reader = self;
  if (!reader->depth) return;
  Bytes *text = &reader->path[reader->depth - 1]->text;
  text_put_len(text, data, (size_t)len);
  if (text->failed) XML_StopParser(reader->parser, XML_FALSE);
}

XmlNode *xml_read(const char *text, size_t len) {
  Reader reader = {.parser = XML_ParserCreate(NULL)};
  if (!reader.parser || len > NET_MOST_BODY) {
    if (reader.parser) XML_ParserFree(reader.parser);
    return NULL;
  }
  XML_SetUserData(reader.parser, &reader);
  XML_SetElementHandler(reader.parser, on_start, on_end);
  XML_SetCharacterDataHandler(reader.parser, on_text);
  bool fine = XML_Parse(reader.parser, text, (int)len, 1) == XML_STATUS_OK;
  XML_ParserFree(reader.parser);
  if (fine) return reader.root;
  xml_free(reader.root);
  return NULL;
}

const XmlNode *xml_at(const XmlNode *node, const char *path) {
  while (node && *path) {
    size_t len = strcspn(path, "/");
    const XmlNode *child = node->first;
    while (child && (strlen(child->name) != len || strncmp(child->name, path, len) != 0)) child = child->next;
    node = child;
    path += len;
    if (*path) path++;
  }
  return node;
}

const char *xml_text(const XmlNode *node, const char *path) {
  const XmlNode *found = xml_at(node, path);
  return found ? text_of(&found->text) : "";
}
