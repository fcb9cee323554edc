/* xml_module.h - the interface of the module dcetl-xml.so (modules/xml/): XML text to events, by the library expat.
 *
 * Nothing but the text is ever read: a reference to something outside of it is an error, and so are entities that grow
 * beyond all measure. A parser is used by one thread at a time.
 */
#ifndef IO_XML_MODULE_H
#define IO_XML_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XML_MODULE_VERSION = 1 };

/* What the text consists of, as UTF-8; names with their prefixes, as they are written. All is lent for the call. */
typedef struct XmlEvents {
  void *self;
  void (*start)(void *self, const char *name, const char *const *attributes); /* name, value, name, value … NULL */
  void (*end)(void *self, const char *name);
  void (*text)(void *self, const char *data, size_t len); /* a text may come in several pieces */
} XmlEvents;

typedef struct XmlParser XmlParser;

typedef struct XmlModule {
  uint32_t version;
  /* encoding: NULL: as the text declares (else UTF-8 or UTF-16 by its first bytes). NULL: no memory. events is copied. */
  XmlParser *(*create)(const XmlEvents *events, const char *encoding);
  /* The next bytes; last: there are no more. false: the text is no XML, or stop was called; then nothing more may come. */
  bool (*parse)(XmlParser *parser, const char *data, size_t size, bool last);
  void (*stop)(XmlParser *parser); /* inside an event: parse gives up */
  /* Where it stands, or where it failed: lines from 1, columns from 1. The reason is lent until free; "" if none. */
  const char *(*where)(const XmlParser *parser, uint64_t *line, uint64_t *column);
  uint64_t (*position)(const XmlParser *parser); /* bytes understood so far: a piece that is not complete waits for more */
  void (*free)(XmlParser *parser); /* NULL is fine */
} XmlModule;

#endif
