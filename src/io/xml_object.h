/* xml_object.h - an element of XML as one value: a text where it has nothing but text, else an OBJECT.
 *
 * Attributes are members "@name", elements inside members by their names, those that come several times an ARRAY, text
 * beside them the member "#text". Declarations of namespaces are left out; blanks between elements are no text.
 */
#ifndef IO_XML_OBJECT_H
#define IO_XML_OBJECT_H

#include "value/value.h"

typedef struct XmlMember {
  Str name;
  Value value;
} XmlMember;

typedef struct XmlLevel XmlLevel;

/* All-zero is ready for use. */
typedef struct XmlObject {
  Arena arena;        /* what the value consists of */
  XmlMember *members; /* of the elements that are open, one behind the other */
  size_t member_count, member_cap;
  XmlLevel *levels;
  size_t depth, level_cap;
  Buf text;           /* of the elements that are open */
  size_t run;         /* where the text behind the last tag begins */
} XmlObject;

void xml_object_start(XmlObject *object, const char *name, const char *const *attributes);
void xml_object_text(XmlObject *object, const char *data, size_t len);
/* true: that was the outermost element, and *out is its value, an OBJECT in any case, valid until xml_object_clear. */
bool xml_object_end(XmlObject *object, Value *out);
void xml_object_clear(XmlObject *object); /* ready for the next element */
void xml_object_free(XmlObject *object);
bool xml_is_blank(const char *text, size_t len); /* nothing but white space */

#endif
