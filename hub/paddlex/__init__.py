"""PaddleX's pipelines: their names, their YAML files, and which module serves them here.

names          the pipelines, and the one that was probably meant by another name
document       a YAML file, read; its older form (older_file) becomes the newer one
ocr_file       the keys of the files of OCR and doc_preprocessor
bridged_file   slips in the files of pipelines that the real PaddleX serves
native         what these files mean for the module ocr_pipeline, and what that cannot do
serving_section  the same for their section Serving
execution      its engine and its device
device         ``cpu``, ``gpu``, ``gpu:0,1``, and the one to take where none is given
plan           all of this together: a module and its init_args
ready          installs that module and its weights
sdk/           hub pack --sdk
"""
