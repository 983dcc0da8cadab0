"""Everything pagehop raises on purpose.

PagehopError
├── InputError              what was asked cannot be done as asked (exit code 2)
│   ├── PathNotFoundError       no such file or folder
│   ├── UnsupportedFileError    not a PDF or an image that can be read
│   ├── EncryptedFileError      locked, and no password or a wrong one was given
│   ├── EmptyQuestionError      nothing was asked
│   ├── UnknownDocumentError    no document of that name or id in the corpus
│   ├── PageOutOfRangeError     the document has no such page
│   ├── BadPictureError         a picture that cannot be searched for
│   ├── BadBoxError             four numbers that are no box on a page
│   ├── UnknownChannelError     no such retrieval channel
│   ├── UnknownModelError       no such chat model or encoder
│   ├── BadPilotsError          a file of pilot questions cannot be used
│   ├── MixedSpacesError        vectors of two encoders would meet
│   ├── BadVectorsError         an array that holds no unit vectors
│   ├── VocabularyError         a file of synonyms is not of the form described
│   ├── MissingKeyError         a provider needs a key that is not set
│   ├── UnknownPriceError       money is limited, and a model's price is not known
│   ├── CorpusVersionError      the corpus was made by another version
│   ├── CorpusBusyError         another process is writing to the corpus
│   ├── ThreadBusyError         another process runs a question on this thread id
│   └── StorageError            the disk is full, or a file cannot be written
├── WorkerError             a child process that reads a file died or ran out of time
├── InvalidReplyError       a model's reply is not what was asked for, even after one repair
├── ModelCallError          a model could not be reached, or refused
│   └── RequestRefusedError     the provider rejects the request as it stands (a 4xx status)
│       ├── ContextTooLongError     it is longer than the model can take: ask with less
│       └── ContentRefusedError     a filter of the provider does not let it, or its reply, through
└── BudgetSpentError        no call is left in the budget of this question
"""


class PagehopError(Exception):
    """The root of all errors raised by pagehop."""


class InputError(PagehopError):
    """What was asked cannot be done as asked; the message says what to change."""


class PathNotFoundError(InputError):
    """There is no such file or folder."""


class UnsupportedFileError(InputError):
    """The file is neither a PDF nor an image that can be read."""


class EncryptedFileError(InputError):
    """The file is locked, and no password or a wrong one was given."""


class EmptyQuestionError(InputError):
    """Nothing was asked."""


class UnknownDocumentError(InputError):
    """The corpus has no document of that name or id."""


class PageOutOfRangeError(InputError):
    """The document has no such page; pages are counted from 1."""


class BadPictureError(InputError):
    """What was given as a picture to search for is none, or cannot be read."""


class BadBoxError(InputError):
    """Four numbers that are no box on a page."""


class UnknownChannelError(InputError):
    """There is no such retrieval channel."""


class UnknownModelError(InputError):
    """There is no such chat model or encoder."""


class BadPilotsError(InputError):
    """A file of pilot questions cannot be read, or a line of it is no pilot."""


class MixedSpacesError(InputError):
    """Vectors of two encoders would meet; they lie in different spaces."""


class BadVectorsError(InputError):
    """An array is not of vectors of unit length."""


class VocabularyError(InputError):
    """A file of what words are also called is not of the form that is described."""


class MissingKeyError(InputError):
    """A model's provider needs a key that is not set."""


class UnknownPriceError(InputError):
    """Money is limited, and what a model costs is not known."""


class CorpusVersionError(InputError):
    """The corpus was made by another version of pagehop."""


class CorpusBusyError(InputError):
    """Another process is writing to the corpus."""


class ThreadBusyError(InputError):
    """Another process runs a question on this thread id."""


class StorageError(InputError):
    """The disk is full, or a file cannot be written."""


class WorkerError(PagehopError):
    """A child process that reads a file died or ran out of time or memory."""


class InvalidReplyError(PagehopError):
    """A model's reply is not what was asked for, even after one repair."""


class ModelCallError(PagehopError):
    """A model could not be reached, or refused."""


class RequestRefusedError(ModelCallError):
    """The provider rejects the request as it stands; asking the same again is of no use."""


class ContextTooLongError(RequestRefusedError):
    """The request is longer than the model can take: less may be asked."""


class ContentRefusedError(RequestRefusedError):
    """A content filter of the provider held back the request or the reply."""


class BudgetSpentError(PagehopError):
    """No call is left in the budget of this question."""
