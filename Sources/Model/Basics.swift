// Whoever has the model has these too.
@_exported import Basics
