# Why a file is not taken: FILE_ and the reason that clients see.

FILE_EMPTY = This file is empty.
FILE_NO_EXTENSION = The name of this file does not say what it is. Please give it an extension.
FILE_FORMAT_NOT_ALLOWED = Files of this format are not accepted here.
FILE_DOUBLE_EXTENSION =
    The name of this file pretends to be of another format. Please rename it, or send a PDF.
FILE_PROGRAM = This file is a program or contains one. Programs are not accepted.
FILE_WEB_PAGE = This file is a web page or can contain scripts. Please send a picture or a PDF.
FILE_MACROS = This document contains macros. Please save it without them.
FILE_CONTENT_MISMATCH = The content of this file is not what its name says. It may be damaged.
FILE_SEVERAL_FORMATS =
    This file can be read as two formats at once, so it is not accepted. Please save it anew.
