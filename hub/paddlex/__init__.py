"""PaddleX's pipelines: their names, their YAML files, and what of them is served by which module here.

names       the pipelines there are, and what was probably meant by another name
document    a YAML file, read; its older form becomes the newer one
ocr_file    the keys of an OCR pipeline's file
foreign     the keys of the other pipelines' files
native      what an OCR pipeline's file means for the module ocr_pipeline, and what that cannot do
device      ``cpu``, ``gpu``, ``gpu:0,1``, and the one to take where none is given
plan        all of this together: a module and its init_args
"""
