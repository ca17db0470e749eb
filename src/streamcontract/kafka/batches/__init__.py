"""Record batches of Arrow from raw messages: values by the executor of columns, metadata beside."""
