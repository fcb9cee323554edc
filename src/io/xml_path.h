/* xml_path.h - places in XML: 'catalog/book', '//book', '@id', 'author[2]/name', '.'. A small part of XPath 1.0.
 *
 * A name without a prefix is compared to what stands behind the prefix of an element's or attribute's name, one with a
 * prefix to the whole of it; * is any name.
 */
#ifndef IO_XML_PATH_H
#define IO_XML_PATH_H

#include "base/error.h"
#include "base/mem.h"

typedef struct XmlStep {
  Str name;        /* data NULL: any */
  bool anywhere;   /* "//" stands before it: not only directly below */
  uint32_t number; /* name[number], from 1; 0: none given */
} XmlStep;

typedef struct XmlPath {
  XmlStep *steps; /* elements, from the outermost */
  size_t count;   /* 0: the element itself */
  bool attribute; /* it ends in @name, which lies in `name` */
  Str name;
} XmlPath;

/* Both live in arena. The path of the elements that are rows, from the root of the document: "/" at the beginning changes nothing,
   "//" is allowed at any place. */
DcCode xml_row_path(Str text, Arena *arena, XmlPath *out, DcError *err) DC_MUST_CHECK;
/* The path of a column, from the row's element: "." alone, or steps with numbers, at last perhaps an attribute. */
DcCode xml_column_path(Str text, Arena *arena, XmlPath *out, DcError *err) DC_MUST_CHECK;
/* Is this the name that a step (or attribute) asks for? */
bool xml_name_matches(Str wanted, const char *name);
/* Do the elements names[0 … depth) lead to what a row path describes? names are NUL-terminated. */
bool xml_path_leads_to(const XmlPath *path, const char *const *names, size_t depth);

#endif
